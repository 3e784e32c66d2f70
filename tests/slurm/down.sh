#!/usr/bin/env bash
# Stops what up.sh started, by the numbers it kept: jobs, then daemons, then steps left behind.
state=$(realpath -m "${1:?state directory}")
export SLURM_CONF=$state/slurm.conf
timeout 10 scancel --user="$(id -un)" 2>/dev/null
alive() { [ -r "/proc/$1/stat" ] && ! grep -q '^[0-9]* (.*) Z' "/proc/$1/stat" 2>/dev/null; }
started=()
for file in "$state"/run/n*.pid "$state"/run/slurmctld.pid "$state"/run/slurmdbd.pid "$state"/db/pid "$state"/munge/pid; do
  if [ -s "$file" ]; then
    number=$(cat "$file")
    kill "$number" 2>/dev/null && started+=("$number")
  fi
done
for _ in $(seq 80); do # slurmctld takes up to 5 s to join its threads
  left=()
  for number in "${started[@]}"; do alive "$number" && left+=("$number"); done
  [ ${#left[@]} = 0 ] && break
  sleep 0.1
done
for process in /proc/[0-9]*; do
  if { tr '\0' '\n' <"$process/environ"; } 2>/dev/null | grep -qx "SLURM_CONF=$SLURM_CONF" &&
    [ "${process#/proc/}" != $$ ] && [ "$(cat "$process/comm" 2>/dev/null)" = slurmstepd ]; then
    left+=("${process#/proc/}")
  fi
done
[ ${#left[@]} = 0 ] || kill -9 "${left[@]}" 2>/dev/null
true

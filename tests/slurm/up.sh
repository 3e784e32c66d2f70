#!/usr/bin/env bash
# Starts a real, throw-away Slurm of fake GPU nodes on this machine, with accounting.
#
#   tests/slurm/up.sh STATE_DIR PORT      then: export SLURM_CONF=STATE_DIR/slurm.conf
#   tests/slurm/down.sh STATE_DIR
#
# Needs Debian's slurmctld slurmd munge slurm-client slurmdbd mariadb-server-core, but neither
# systemd nor cgroups, and nothing under /etc. Two nodes of two GPUs each.
set -euo pipefail
state=$(realpath -m "${1:?state directory}") port=${2:?first port}
me=$(id -un) host=$(hostname -s)
mkdir -p "$state"/{ctld,log,run/n1,run/n2,munge,dev,db/data}

wait_for() {
  for _ in $(seq 600); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done
  echo "up.sh: gave up on: $*" >&2
  tail -n 20 "$state"/log/* >&2
  return 1
}

(umask 077; head -c 1024 /dev/urandom >"$state/munge/key")
chmod 711 "$state/munge"
/usr/sbin/munged --force --key-file="$state/munge/key" --socket="$state/munge/sock" \
  --pid-file="$state/munge/pid" --log-file="$state/munge/log" --seed-file="$state/munge/seed" --num-threads=2

# Accounting: without sacct nobody would notice a task that a signal killed.
database=(/usr/sbin/mariadbd --no-defaults --user="$me" --datadir="$state/db/data" --innodb-log-file-size=8M)
{ # bootstrapping wants one statement a line
  printf '%s\n' 'set @auth_root_socket=NULL;' 'set @skip_auth_anonymous=1;' 'create database mysql;' 'use mysql;'
  cat /usr/share/mysql/mysql_system_tables.sql /usr/share/mysql/mysql_performance_tables.sql \
    /usr/share/mysql/mysql_system_tables_data.sql
} | "${database[@]}" --bootstrap >"$state/log/bootstrap.log" 2>&1
printf '%s\n' "create database slurm_acct_db;" "create user slurm@localhost identified by 'slurm';" \
  "grant all on slurm_acct_db.* to slurm@localhost;" >"$state/db/init.sql"
setsid "${database[@]}" --skip-networking --socket="$state/db/sock" --pid-file="$state/db/pid" \
  --init-file="$state/db/init.sql" --innodb-buffer-pool-size=32M --innodb-flush-log-at-trx-commit=0 \
  </dev/null >"$state/log/mariadbd.log" 2>&1 &
(umask 077; cat >"$state/slurmdbd.conf" <<CONF
DbdHost=localhost
DbdPort=$((port + 90))
SlurmUser=$me
AuthType=auth/munge
AuthInfo=socket=$state/munge/sock
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_acct_db
LogFile=$state/log/slurmdbd.log
PidFile=$state/run/slurmdbd.pid
CONF
)

# One distinct device file a GPU: of a plain file CUDA_VISIBLE_DEVICES would stay unset.
for gpu in 0 1; do ln -sfn /dev/null "$state/dev/gpu$gpu"; done
cat >"$state/gres.conf" <<CONF
AutoDetect=off
NodeName=n[1-2] Name=gpu File=$state/dev/gpu[0-1]
CONF
# cred_expire is also how long a requeued job waits; 5 s is the least.
cat >"$state/slurm.conf" <<CONF
ClusterName=mini
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$me
SlurmdUser=$me
AuthType=auth/munge
AuthInfo=socket=$state/munge/sock,cred_expire=5
StateSaveLocation=$state/ctld
SlurmdSpoolDir=$state/run/%n
SlurmctldPidFile=$state/run/slurmctld.pid
SlurmdPidFile=$state/run/%n.pid
SlurmctldLogFile=$state/log/slurmctld.log
SlurmdLogFile=$state/log/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
GresTypes=gpu
DefMemPerCPU=100
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1
SlurmctldTimeout=10
SlurmdTimeout=5
KillWait=2
ReturnToService=2
JobRequeue=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmctldParameters=preempt_send_user_signal
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort=$((port + 90))
AccountingStoragePass=$state/munge/sock
AccountingStorageTRES=gres/gpu
NodeName=n[1-2] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + 2))] CPUs=4 RealMemory=8000 Gres=gpu:2 State=UNKNOWN
PartitionName=gpu Nodes=ALL Default=YES MaxTime=8:00:00 PriorityTier=1 PreemptMode=REQUEUE GraceTime=5 State=UP
PartitionName=urgent Nodes=ALL MaxTime=8:00:00 PriorityTier=10 PreemptMode=OFF State=UP
CONF
export SLURM_CONF=$state/slurm.conf

wait_for test -s "$state/db/pid"
MYSQL_UNIX_PORT=$state/db/sock /usr/sbin/slurmdbd </dev/null >"$state/log/slurmdbd.out" 2>&1
wait_for timeout 3 sacctmgr --noheader list cluster
/usr/sbin/slurmctld -f "$SLURM_CONF" </dev/null >"$state/log/slurmctld.out" 2>&1
for node in n1 n2; do
  /usr/sbin/slurmd -N "$node" -f "$SLURM_CONF" </dev/null >"$state/log/$node.out" 2>&1
done
idle() { [ "$(timeout 5 sinfo --noheader --partition=gpu --states=idle --format=%D)" = 2 ]; }
wait_for idle

"""The checker of signatures in tests: an int serves where a float is asked for, as in PEP 484."""

from beartype import BeartypeConf, beartype

numeric_tower = beartype(conf=BeartypeConf(is_pep484_tower=True))

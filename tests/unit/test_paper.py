from typing import Any

import pytest
from pandas import DataFrame

from experiments.report.paper import read_paper

PAPER = read_paper()
TABLES = {name: table for name, table in PAPER.tables.items() if table.cells}


TABLE1 = ("forward omega", "omega")


def cells(table) -> Any:
    return DataFrame(table.grid())


@pytest.mark.parametrize("name", TABLES)
def test_every_number_belongs_to_exactly_one_cell(name):
    for number in TABLES[name].numbers:
        assert len(cells(TABLES[name]).query(number.cell)) == 1, number


@pytest.mark.parametrize("name", TABLES)
def test_every_claim_compares_distinct_cells(name):
    for claim in TABLES[name].claims:
        pairs = claim.pairs(cells(TABLES[name]))
        assert pairs
        assert len(set(pairs)) == len(pairs)
        assert all(better != worse for better, worse in pairs)


def test_the_papers_numbers():
    known = {number.cell: number.value for number in PAPER.table("table2", ()).numbers}
    assert list(known.values()) == [13.64, 24.45, 25.71]


def test_table_1_compares_the_diagonal_with_all_else_in_its_row():
    table = PAPER.table("table1", TABLE1)
    frame = cells(table)
    best, along = (claim.pairs(frame) for claim in table.claims)
    assert len(best) == 5 * 4
    for better, worse in best:
        assert frame["omega"][better] == frame["forward omega"][better]
        assert frame["forward omega"][worse] == frame["forward omega"][better]
        assert frame["omega"][worse] != frame["omega"][better]
    diagonal = [frame["omega"][better] for better, _ in along]
    assert diagonal == [0.0, 1.0, 2.5, 5.0]
    assert [frame["omega"][worse] for _, worse in along] == [1.0, 2.5, 5.0, 7.5]


def test_table_3_compares_methods_cell_by_cell():
    table = PAPER.table("table3", ("N", "lr"))
    frame = cells(table)
    pairs = table.claims[0].pairs(frame)
    assert len(pairs) == 10
    for better, worse in pairs:
        assert (frame["method"][better], frame["method"][worse]) == ("pti", "nti")
        assert frame.loc[better, ["N", "lr"]].tolist() == frame.loc[worse, ["N", "lr"]].tolist()


def test_an_experiment_of_ours_has_no_claims():
    assert PAPER.table("mine", ()).claims == ()
    assert PAPER.table("mine", ()).title == "mine"


def test_nothing_is_claimed_of_other_fields_than_the_papers():
    assert PAPER.table("figure6", ()).curves == ()
    assert PAPER.table("figure6", ("eta", "lr", "threshold")).curves
    assert PAPER.table("table1", ("omega",)).claims == ()

"""``report.html`` as a person meets it: in a browser, by keyboard, on a phone."""

import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from experiments.store.atomic import read_lines

pytestmark = [pytest.mark.browser, pytest.mark.e2e]
REPOSITORY = Path(__file__).parents[2]
EDITS = [
    "experiment=figure4",
    "method=ddim_global,ddim_edit",
    "method.edit.mask.threshold=0.5",
    "limit=4",
]
HOSTILE = "a red star <script>document.title='caught'</script> & more"


@pytest.fixture
def browser(tmp_path):
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("chromium and chromedriver are not installed here")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in (
        "headless",
        "no-sandbox",
        "disable-gpu",
        "disable-quic",
        "disable-dev-shm-usage",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        f"user-data-dir={tmp_path / 'profile'}",
    ):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(str(shutil.which("chromedriver")))
    driver = webdriver.Chrome(options, service)
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Results of two methods on four edits, and the folder of their report."""
    folder = tmp_path_factory.mktemp("made")
    results = f"results={folder / 'results'}"
    words = [*EDITS, "method.invert.trace.steps=5", results, f"cache={folder / 'cache'}"]
    for command in (["run", *words], ["report", "experiment=all", results]):
        module = f"experiments.{command[0]}"
        subprocess.run([sys.executable, "-m", module, *command[1:]], cwd=REPOSITORY, check=True)
    return folder / "results/figure4/scenes-scenes_change"


def open_(browser, path, width=1280):
    browser.set_window_size(width, 900)
    browser.get(path.as_uri())


def select(browser, name, value):
    from selenium.webdriver.support.select import Select

    Select(browser.find_element("id", name)).select_by_value(value)


def cards(browser):
    found = browser.find_elements("css selector", "#cards .card")
    return [card.get_attribute("data-key") for card in found]


def test_it_opens_without_an_error_and_holds_the_report_s_numbers(browser, made):
    page = made / "report/report.html"
    open_(browser, page)
    assert [line for line in browser.get_log("browser") if line["level"] == "SEVERE"] == []
    assert len(cards(browser)) == 4
    shown = browser.find_element("css selector", "#tables table").text
    with (made / "report/figure4.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["metric"] == "percept-scenes"]
    for row in rows:
        if row["mean"]:
            assert f"{float(row['mean']):.3f}" in shown
    text = page.read_text()
    assert page.stat().st_size < 10_000_000
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", text)


def test_pictures_are_sorted_by_the_metric(browser, made):
    open_(browser, made / "report/report.html")
    select(browser, "right", "DDIM-Edit threshold=0.5")
    select(browser, "metric", "psnr-to-truth[0,1]")
    select(browser, "order", "worst")
    scores = {
        line["key"]: line["psnr-to-truth[0,1]"]
        for line in read_lines(made / "cells/ddim_edit,threshold=0.5/scores.jsonl")
    }
    assert cards(browser) == sorted(scores, key=lambda key: scores[key])
    other = {
        line["key"]: line["psnr-to-truth[0,1]"]
        for line in read_lines(made / "cells/ddim_global/scores.jsonl")
    }
    select(browser, "left", "DDIM-Global")
    select(browser, "order", "apart")
    apart = {key: abs(scores[key] - other[key]) for key in scores}
    assert cards(browser) == sorted(apart, key=lambda key: -apart[key])


def test_the_slider_moves_by_the_keyboard(browser, made):
    from selenium.webdriver.common.keys import Keys

    open_(browser, made / "report/report.html")
    slider = browser.find_element("css selector", ".card input[type=range]")
    assert "how much of input" in slider.get_attribute("aria-label")
    before = browser.find_element("css selector", ".pair img:last-child").get_attribute("style")
    slider.send_keys(Keys.ARROW_RIGHT * 10)
    assert slider.get_attribute("value") == "60"
    after = browser.find_element("css selector", ".pair img:last-child").get_attribute("style")
    assert before != after
    assert "40%" in after


def test_pictures_are_filtered_by_class(browser, made):
    open_(browser, made / "report/report.html")
    classes = {
        line["key"]: line["target_class"]
        for line in read_lines(made / "cells/ddim_global/records.jsonl")
    }
    wanted = sorted(set(classes.values()))[0]
    select(browser, "class", wanted)
    assert sorted(cards(browser)) == sorted(key for key in classes if classes[key] == wanted)


def test_nothing_overflows_a_phone(browser, made):
    for page in (made / "report/report.html", made.parents[1] / "index.html"):
        # Chromium makes no window that narrow, so the page is framed.
        frame = made / f"{page.stem}-phone.html"
        frame.write_text(f'<iframe src="{page.as_uri()}" width="360" height="800"></iframe>')
        open_(browser, frame)
        browser.switch_to.frame(0)
        script = "return [document.documentElement.scrollWidth, window.innerWidth]"
        wide, room = browser.execute_script(script)
        assert room <= 360
        assert wide <= room


def test_the_index_leads_to_the_report(browser, made):
    open_(browser, made.parents[1] / "index.html")
    browser.find_element("partial link text", "Figure 4").click()
    assert browser.find_element("css selector", "h1").text.startswith("Figure 4")


def test_a_caption_is_text_whatever_it_says(browser, workplace):
    pictures = workplace.folder / "pictures"
    (pictures / "metadata.csv").write_text(f'file_name,text\n0.png,"{HOSTILE}"\n')
    few = ["experiment=table2", "method=ddim", "method.invert.trace.steps=2"]
    assert workplace.run(*few).code == 0
    assert workplace.report("experiment=table2").code == 0
    page = next((workplace.folder / "results").glob("*/*/report/report.html"))
    open_(browser, page)
    assert browser.title.startswith("Table 2")
    assert HOSTILE in browser.find_element("css selector", ".card h3").text


def test_cards_take_the_width_and_what_is_hidden_is_hidden(browser, made):
    open_(browser, made / "report/report.html", width=1400)
    wide = "return document.querySelector(arguments[0]).getBoundingClientRect().width"
    main, card = (browser.execute_script(wide, where) for where in ("main", ".card"))
    assert card > 0.95 * (main - 32), "all but the page's own margins"
    height = "return document.querySelector(arguments[0]).getBoundingClientRect().height"
    assert browser.execute_script(height, ".card") < 700
    assert not browser.find_element("id", "more").is_displayed(), "four cards are all there are"


def test_a_mask_goes_by_the_name_of_its_method(browser, made):
    open_(browser, made / "report/report.html")
    select(browser, "left", "DDIM-Global")
    select(browser, "right", "DDIM-Edit threshold=0.5")
    captions = [one.text for one in browser.find_elements("css selector", ".card figcaption")]
    masks = {text for text in captions if text.startswith("mask of ")}
    assert masks == {"mask of DDIM-Edit threshold=0.5", "mask of true edit"}, "of two methods, one"
    select(browser, "right", "input")
    captions = [one.text for one in browser.find_elements("css selector", ".card figcaption")]
    assert {t for t in captions if t.startswith("mask of ")} == {"mask of true edit"}


def test_a_report_links_its_files_and_the_index(browser, made):
    open_(browser, made / "report/report.html")
    links = {
        link.text: link.get_attribute("href")
        for link in browser.find_elements("css selector", "header p a, figcaption a")
    }
    assert {"All experiments", "CSV", "LaTeX", "Markdown", "PDF", "PNG", "SVG"} <= links.keys()
    for address in links.values():
        assert Path(unquote(urlsplit(address).path)).is_file(), address

"""``data.fetch`` against a server of this machine, one that also fails."""

import json
import sys
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Thread

import pytest
from huggingface_hub.errors import OfflineModeIsEnabled
from PIL import Image

from data import fetch
from data.coco import Coco
from data.command_line import for_people

pytestmark = pytest.mark.e2e


def picture(number):
    buffer = BytesIO()
    Image.effect_noise((48, 32 + number), 80).save(buffer, format="PNG")
    return buffer.getvalue()


@dataclass
class Web:
    """What the server holds, how it behaves, and what it was asked."""

    address: str
    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    cuts: dict[str, list[int]] = field(default_factory=dict)
    """Bytes of a file's next answers, after which the connection is closed."""
    busy: dict[str, int] = field(default_factory=dict)
    """How many more times a file is answered with 503."""
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        name, wanted = handler.path.strip("/"), handler.headers["Range"]
        self.asked.append((name, wanted))
        if self.busy.get(name):
            self.busy[name] -= 1
            return handler.send_error(503)
        if name not in self.files:
            return handler.send_error(404)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        body = self.files[name][start:]
        if not body:
            return handler.send_error(416)
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        cuts = self.cuts.get(name)
        handler.wfile.write(body[: cuts.pop(0)] if cuts else body)
        return None


@pytest.fixture
def web(monkeypatch):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            web.answer(self)

        def log_message(self, format, *args):  # noqa: A002 (the name that it has there)
            pass

    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(fetch, "WAITS", (0.0, 0.0))
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        web = Web(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield web
        server.shutdown()
        thread.join()


@dataclass
class Place:
    """A root with a captions file for three pictures of the server."""

    root: str
    web: Web
    coco: Coco

    def path(self, index):
        return self.coco.path_of(self.name(index))

    def part(self, index):
        return self.path(index).with_name(f"{self.name(index)}.part")

    def name(self, index):
        return self.coco.chosen()[index]["file_name"]

    def begin(self, index, content):
        self.path(index).parent.mkdir(exist_ok=True)
        self.part(index).write_bytes(content)

    def is_whole(self, index):
        whole = self.web.files[self.name(index)]
        return self.path(index).read_bytes() == whole and not self.part(index).exists()


@pytest.fixture
def place(tmp_path, web):
    names = [f"{number}.png" for number in range(3)]
    web.files = {name: picture(number) for number, name in enumerate(names)}
    content = {
        "images": [
            {"id": number, "file_name": name, "coco_url": f"{web.address}/{name}"}
            for number, name in enumerate(names)
        ],
        "annotations": [{"id": n, "image_id": n, "caption": f"picture {n}"} for n in range(3)],
    }
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "captions_val2017.json").write_text(json.dumps(content))
    return Place(str(tmp_path), web, Coco(str(tmp_path), count=3))


@pytest.fixture
def run(monkeypatch, capsys):
    def command(*words):
        monkeypatch.setattr(sys, "argv", ["fetch.py", *words])
        with pytest.raises(SystemExit) as stop:
            for_people(fetch.main, fetch.__doc__ or "")
        captured = capsys.readouterr()
        errors = [line for line in captured.err.splitlines() if line.startswith("error: ")]
        return stop.value.code, captured.out + "\n".join(errors)

    return command


def test_what_is_drawn_comes_whole_and_only_once(place, run):
    code, said = run("coco", f"root={place.root}", "count=2")
    assert (code, said) == (0, "")
    assert [place.is_whole(index) for index in range(2)] == [True, True]
    assert not place.path(2).exists()
    assert len(place.web.asked) == 2
    assert run("coco", f"data.root={place.root}", "count=3")[0] == 0
    assert [name for name, _ in place.web.asked[2:]] == [place.name(2)]
    assert [task.open().size[0] for task in place.coco] == [48, 48, 48]


def test_a_beginning_goes_on(place, run):
    place.begin(0, place.web.files[place.name(0)][:100])
    assert run("coco", f"root={place.root}", "count=1")[0] == 0
    assert place.web.asked == [(place.name(0), "bytes=100-")]
    assert place.is_whole(0)


def test_a_server_that_can_not_go_on_starts_again(place, run):
    place.web.ranges = False
    place.begin(0, b"0" * 100)
    assert run("coco", f"root={place.root}", "count=1")[0] == 0
    assert place.is_whole(0)


def test_a_beginning_that_is_longer_than_the_picture_is_dropped(place, run):
    place.begin(0, b"0" * 100_000)
    assert run("coco", f"root={place.root}", "count=1")[0] == 0
    assert place.is_whole(0)


def test_a_broken_connection_is_tried_again_from_where_it_broke(place, run):
    place.web.cuts[place.name(0)] = [50, 70]
    assert run("coco", f"root={place.root}", "count=1")[0] == 0
    assert [wanted for _, wanted in place.web.asked] == [None, "bytes=50-", "bytes=120-"]
    assert place.is_whole(0)


def test_a_busy_server_is_asked_again(place, run):
    place.web.busy[place.name(0)] = 2
    assert run("coco", f"root={place.root}", "count=1")[0] == 0
    assert place.is_whole(0)


def test_a_truncated_picture_fails_alone_and_the_next_run_goes_on(place, run):
    place.web.cuts[place.name(1)] = [10, 10, 10]
    whole = len(place.web.files[place.name(1)])
    code, said = run("coco", f"root={place.root}", "count=3")
    assert code == 1
    assert "1 of 3 pictures could not be fetched" in said
    assert f"{place.name(1)} did not come whole (10 of {whole - 20} bytes)" in said
    assert place.is_whole(0)
    assert place.is_whole(2)
    assert not place.path(1).exists()
    assert place.part(1).stat().st_size == 30
    assert run("coco", f"root={place.root}", "count=3")[0] == 0
    assert place.is_whole(1)


def test_a_picture_that_is_not_there_fails_at_once(place, run):
    del place.web.files[place.name(0)]
    code, said = run("coco", f"root={place.root}", "count=2")
    assert code == 1
    assert f"{place.web.address}/{place.name(0)}: the server says 404 Not Found" in said
    assert [name for name, _ in place.web.asked] == [place.name(0), place.name(1)]
    assert place.is_whole(1)


def test_an_answer_that_is_no_picture_is_not_kept(place, run):
    place.web.files[place.name(0)] = b"<html>log in first</html>"
    code, said = run("coco", f"root={place.root}", "count=1")
    assert code == 1
    assert "is no picture that can be read" in said
    assert list(place.path(0).parent.iterdir()) == []


def test_a_damaged_picture_is_fetched_again(place, run):
    place.begin(0, b"")
    place.part(0).rename(place.path(0))
    assert run("coco", f"root={place.root}", "count=1")[0] == 0
    assert place.is_whole(0)


def test_no_server_is_one_sentence(place, run):
    file = place.coco.file
    file.write_text(file.read_text().replace(place.web.address, "http://127.0.0.1:1"))
    code, said = run("coco", f"root={place.root}", "count=1")
    assert code == 1
    assert "did not come whole" in said
    assert "refused" in said


@pytest.mark.parametrize("address", ["file:///", "ftp://127.0.0.1/", ""])
def test_other_addresses_are_refused(place, run, address):
    file = place.coco.file
    file.write_text(file.read_text().replace(f"{place.web.address}/", address))
    code, said = run("coco", f"root={place.root}", "count=1")
    assert code == 1
    assert "is no address that starts with http:// or https://" in said
    assert place.web.asked == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "say what to fetch"),
        (("imagenet",), "data=imagenet is unknown. Did you mean 'imagenet_flexit'?"),
        (("photos",), "photos can't be fetched"),
        (("pie_bench",), "pie_bench can't be fetched: its authors give it out by the form"),
        (("pie_bench", "root=no"), "unpack mapping_file.json and annotation_images/ into"),
        (("pie_bench_pp",), "root is not set"),
        (("pie_bench_pp", "root=no", "types=11"), "data.types has '11', which is not a type"),
        (("coco",), "root is not set"),
        (("coco", "root=no", "sed=1"), "there is no option 'sed'. Did you mean 'seed'?"),
        (("coco", "root=no", "count=many"), "count=many is not a whole number"),
        (("coco", "root"), "'root' can't be read: write key=value"),
        (("coco", "root=no"), "can't be found"),
    ],
)
def test_a_wrong_command_is_one_sentence(run, words, says):
    code, said = run(*words)
    assert code == 2
    assert says in said
    assert said.count("\n") == 0


def test_what_lies_on_the_hub_comes_with_its_client(tmp_path, run, monkeypatch):
    asked = []
    monkeypatch.setattr(fetch, "snapshot_download", lambda *name, **how: asked.append((name, how)))
    assert run("pie_bench_pp", f"data.root={tmp_path}") == (0, "")
    how = {"repo_type": "dataset", "local_dir": tmp_path, "allow_patterns": ["*.parquet"]}
    assert asked == [(("UB-CVML-Group/PIE_Bench_pp",), how)]


@pytest.mark.parametrize("error", [OfflineModeIsEnabled("no\nnetwork"), TimeoutError(), OSError(5)])
def test_a_hub_that_can_not_be_reached_is_one_sentence(tmp_path, run, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(fetch, "snapshot_download", fail)
    code, said = run("pie_bench_pp", f"root={tmp_path}")
    assert code == 2
    reason = {"no\nnetwork": "no network", "": "TimeoutError"}.get(str(error), str(error))
    assert f"PIE_Bench_pp did not come whole to {tmp_path} ({reason}): mend that" in said
    assert said.count("\n") == 0


def test_a_folder_that_can_not_be_made_is_named(place, run):
    (place.path(0).parent).write_text("in the way")
    code, said = run("coco", f"root={place.root}", "count=1")
    assert code == 2
    assert f"{place.path(0).parent} can't be used" in said


def test_help(run):
    code, said = run("--help")
    assert code == 0
    assert "python -m data.fetch coco root=DIR" in said

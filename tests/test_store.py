import hashlib
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts3d.errors import Invalid, NotFound, TooLarge, Unavailable
from parts3d.store import FolderStore


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "files")


def test_what_is_put_is_found_again_under_its_hash(store: FolderStore) -> None:
    sha256 = store.put(b"solid knob")
    assert sha256 == hashlib.sha256(b"solid knob").hexdigest()
    assert store.exists(sha256)
    assert store.read(sha256) == b"solid knob"
    assert store.size(sha256) == 10
    with store.open(sha256) as file:
        assert file.read(5) == b"solid"
    assert store.path(sha256).parent.parent.name == sha256[:2]


@given(content=st.binary(max_size=3000))
def test_a_stream_and_its_bytes_have_one_name(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    store = FolderStore(tmp_path_factory.getbasetemp() / "one-name")
    assert store.put(content) == store.put(io.BytesIO(content))
    assert store.read(hashlib.sha256(content).hexdigest()) == content


def test_the_same_content_twice_is_one_file(store: FolderStore) -> None:
    first = store.put(b"same")
    written = store.path(first).stat().st_mtime_ns
    assert store.put(b"same") == first
    assert store.path(first).stat().st_mtime_ns == written
    assert list(store.every()) == [first]
    assert list((store.folder / "incoming").iterdir()) == []


def test_too_much_is_refused_and_leaves_nothing(store: FolderStore) -> None:
    with pytest.raises(TooLarge, match="1,000 bytes"):
        store.put(io.BytesIO(b"x" * 1001), max_bytes=1000)
    assert list(store.every()) == []
    assert list((store.folder / "incoming").iterdir()) == []


def test_a_file_cut_short_is_written_again(store: FolderStore) -> None:
    sha256 = store.put(b"whole")
    store.path(sha256).write_bytes(b"wh")
    with pytest.raises(Unavailable, match="backup"):
        store.read(sha256)
    store.put(b"whole")
    assert store.read(sha256) == b"whole"


def test_an_absent_file_is_said_to_be_absent(store: FolderStore) -> None:
    absent = "0" * 64
    assert not store.exists(absent)
    with pytest.raises(NotFound, match="000000000000"):
        store.open(absent)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_nothing_but_a_hash_becomes_a_path(store: FolderStore, name: str) -> None:
    with pytest.raises(Invalid):
        store.path(name)
    with pytest.raises(Invalid):
        store.exists(name)


def test_a_store_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(Unavailable, match="taken"):
        FolderStore(tmp_path / "taken" / "files").put(b"x")

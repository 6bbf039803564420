"""Key files: made once, private, each loaded alone."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from portal.keys import KeyFileExposed, KeyMissing, KeyStore
from verification.receipt_keys import UnusableKeys

NAMES = {
    "upload.key",
    "session.key",
    "form.key",
    "field-keys.json",
    "receipt.key",
    "receipt-keys.json",
}


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    store = KeyStore(tmp_path / "keys")
    store.create()
    return store


def test_every_key_is_made_private(store: KeyStore) -> None:
    files = list(store.directory.iterdir())
    assert {path.name for path in files} == NAMES
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(store.directory.stat().st_mode) == 0o700


def test_making_them_again_changes_nothing(store: KeyStore) -> None:
    before = {path.name: path.read_bytes() for path in store.directory.iterdir()}
    store.create()
    assert {path.name: path.read_bytes() for path in store.directory.iterdir()} == before


def test_processes_that_start_together_end_with_the_same_keys(tmp_path: Path) -> None:
    stores = [KeyStore(tmp_path / "keys") for _ in range(8)]
    gate = threading.Barrier(len(stores))
    found: list[tuple[bytes, str, str]] = []

    def begin(store: KeyStore) -> None:
        gate.wait()
        store.create()
        key = store.receipt_key()
        assert key.key_id in store.trusted_keys()
        found.append((store.upload_secret(), key.key_id, store.field_keys().current_id))

    threads = [threading.Thread(target=begin, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert {path.name for path in (tmp_path / "keys").iterdir()} == NAMES


def test_the_secrets_differ_and_serve(store: KeyStore) -> None:
    assert len({store.upload_secret(), store.session_secret()}) == 2
    form = store.form_keys()
    assert form.open(form.seal(b"x", b"c"), b"c") == b"x"
    field = store.field_keys()
    assert field.decipher(field.encipher("1" * 16), field.current_id) == "1" * 16


def test_an_upload_process_needs_only_its_own_key(store: KeyStore) -> None:
    for name in NAMES - {"upload.key"}:
        (store.directory / name).unlink()
    assert len(store.upload_secret()) == 32


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_missing_key_is_named(store: KeyStore, name: str) -> None:
    (store.directory / name).unlink()
    with pytest.raises(KeyMissing, match=name):
        load(store, name)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_damaged_key_is_refused_without_being_quoted(store: KeyStore, name: str) -> None:
    (store.directory / name).write_text("c2VjcmV0IQ==")
    with pytest.raises(UnusableKeys) as caught:
        load(store, name)
    assert "c2VjcmV0" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_key_open_to_others_is_refused(store: KeyStore, name: str) -> None:
    (store.directory / name).chmod(0o640)
    with pytest.raises(KeyFileExposed):
        load(store, name)


def test_an_open_directory_is_refused(store: KeyStore) -> None:
    store.directory.chmod(0o755)
    with pytest.raises(KeyFileExposed):
        store.upload_secret()


def test_nothing_shows_a_key(store: KeyStore) -> None:
    secret = (store.directory / "receipt.key").read_text().strip()
    assert secret not in repr(store) + repr(store.receipt_key()) + repr(store.trusted_keys())


def load(store: KeyStore, name: str) -> object:
    """What the file is for."""
    return {
        "upload.key": store.upload_secret,
        "session.key": store.session_secret,
        "form.key": store.form_keys,
        "field-keys.json": store.field_keys,
        "receipt.key": store.receipt_key,
        "receipt-keys.json": store.trusted_keys,
    }[name]()

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from jamtui import paths
from jamtui.errors import ConfigError

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and owners are POSIX")


def test_home_moves_every_folder(jamtui_home: Path) -> None:
    found = (
        paths.config_file(),
        paths.data_dir(),
        paths.state_dir(),
        paths.journal_dir(),
        paths.log_dir(),
        paths.cache_dir(),
        paths.runtime_dir(),
    )
    assert all(jamtui_home in path.parents for path in found)
    assert len(set(found)) == len(found)


def test_without_home_the_systems_own_places_are_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("JAMTUI_HOME", raising=False)
    if sys.platform == "linux":
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
        assert paths.config_file() == tmp_path / "c" / "jamtui" / "config.toml"
    assert "jamtui" in str(paths.cache_dir())


def test_only_the_runtime_folder_is_made(jamtui_home: Path) -> None:
    before = sorted(jamtui_home.rglob("*"))
    paths.config_file()
    paths.data_dir()
    paths.journal_dir()
    paths.cache_dir()
    assert sorted(jamtui_home.rglob("*")) == before
    assert paths.runtime_dir().is_dir()


@posix
def test_the_runtime_folder_is_private(jamtui_home: Path) -> None:
    (jamtui_home / "run").mkdir(mode=0o755)
    folder = paths.runtime_dir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@posix
def test_a_deep_home_still_gives_a_path_that_a_socket_can_have(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    monkeypatch.setenv("JAMTUI_HOME", str(deep))
    folder = paths.runtime_dir()
    try:
        assert len(os.fsencode(folder / "supervisor.sock")) <= paths.SOCKET_PATH_LIMIT
        assert folder == paths.runtime_dir()
        monkeypatch.setenv("JAMTUI_HOME", str(deep / "other"))
        other = paths.runtime_dir()
        assert other != folder
        other.rmdir()
    finally:
        folder.rmdir()


@posix
def test_a_link_in_place_of_the_runtime_folder_is_refused(jamtui_home: Path, tmp_path: Path) -> None:
    (jamtui_home / "run").symlink_to(tmp_path)
    with pytest.raises(ConfigError, match="belongs to somebody else"):
        paths.runtime_dir()


def test_a_file_in_the_way_is_one_sentence(jamtui_home: Path) -> None:
    (jamtui_home / "run").write_text("")
    with pytest.raises(ConfigError, match="JAMTUI_HOME"):
        paths.runtime_dir()


def test_content_is_found_in_the_source_tree() -> None:
    assert list(paths.styles_dir().glob("*.toml"))
    assert list(paths.phrase_library_dir().iterdir())


def test_missing_content_says_to_install_again() -> None:
    with pytest.raises(ConfigError, match="install jamtui again"):
        paths._shipped("no-such-folder")


def test_importing_the_leaves_is_cheap() -> None:
    heavy = ("platformdirs", "tomlkit")
    script = f"import sys, jamtui.paths, jamtui.config; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

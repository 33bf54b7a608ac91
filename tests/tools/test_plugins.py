"""Names of plugins: short ones, dotted paths, those of other packages."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import pytest

from handeye.tools import keys
from handeye.tools.errors import UnknownName
from handeye.tools.plugins import did_you_mean, load

TABLE = {"keys": ".tools.keys:canonical", "ordered": "collections:OrderedDict", "gone": ".tools.nothing:x"}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of somebody else that registers a site."""
    (tmp_path / "plugin_of_a_test.py").write_text("class Site:\n    pass\n")
    info = tmp_path / "plugin_of_a_test-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin-of-a-test\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[handeye.tests]\nharbour = plugin_of_a_test:Site\nkeys = plugin_of_a_test:Site\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))


def test_a_short_name() -> None:
    assert load("thing", "keys", TABLE) is keys.canonical
    assert load("thing", "ordered", TABLE) is OrderedDict


def test_a_dotted_path() -> None:
    assert load("thing", "collections:OrderedDict", TABLE) is OrderedDict
    assert load("thing", ".tools.keys:canonical", {}) is keys.canonical


@pytest.mark.usefixtures("installed")
def test_a_name_that_another_package_registers() -> None:
    found = load("site", "harbour", TABLE, "handeye.tests")
    assert found.__name__ == "Site"
    assert load("site", "keys", TABLE, "handeye.tests") is keys.canonical
    with pytest.raises(UnknownName, match="no site named 'harbor'") as failure:
        load("site", "harbor", TABLE, "handeye.tests")
    assert "did you mean 'harbour'?" in failure.value.remedy


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(UnknownName, match="no grounder named 'kees'") as failure:
        load("grounder", "kees", TABLE)
    assert failure.value.remedy == (
        "did you mean 'keys'? known: gone, keys, ordered; or a dotted path module:attribute"
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone", "'gone' cannot be imported from handeye.tools.nothing"),
        ("nowhere.at_all:x", "cannot be imported from nowhere.at_all"),
        ("collections:Nothing", "has no attribute 'Nothing'"),
        (":x", "cannot be imported"),
        ("collections:", "has no attribute ''"),
        ("..tools:x", "cannot be imported"),
    ],
)
def test_a_path_that_leads_nowhere(name: str, message: str) -> None:
    with pytest.raises(UnknownName, match=message):
        load("thing", name, TABLE)


def test_did_you_mean() -> None:
    assert did_you_mean("clik", ["click", "key"]) == "did you mean 'click'? "
    assert did_you_mean("zzz", ["click", "key"]) == ""

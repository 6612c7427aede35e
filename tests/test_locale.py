"""JupyterLab's server finds the translations of the package as it is installed."""

from __future__ import annotations

from importlib.metadata import entry_points

from jupyterlab_server.translation_utils import get_installed_packages_locale

import themis_jupyter


def test_the_server_finds_the_german_texts():
    found, message = get_installed_packages_locale("de_DE")
    assert message == ""
    texts = found["themis_jupyter"]
    assert texts["Reload"] == ["Neu laden"]
    # What the page's code reads of the head: the plural forms by this name, the language by a hyphen.
    assert texts[""] == {
        "domain": "themis_jupyter",
        "language": "de-DE",
        "plural_forms": "nplurals=2; plural=(n != 1);",
    }


def test_the_server_finds_no_texts_for_a_language_that_has_none():
    found, message = get_installed_packages_locale("fr_FR")
    assert message == ""
    assert "themis_jupyter" not in found


def test_the_entry_point_names_the_package_beside_the_texts():
    (entry,) = entry_points(group="jupyterlab.locale", name="themis_jupyter")
    assert entry.load() is themis_jupyter

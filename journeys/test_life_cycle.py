"""JupyterLab's extension in a browser: kernels that come, go, restart, or are of another kind."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, WebSocketRoute, expect

from journeys.conftest import Notebook
from journeys.lab import (
    BUSY,
    LOAD,
    card_in,
    execute,
    loaded,
    open_beside,
    side_bar,
    wait_until_enabled,
    with_plugin,
)

#: Run in a kernel: the comms by which pages follow it.
COMMS = (
    "import comm; all = comm.get_comm_manager().comms.values(); "
    "print(sum(each.target_name == 'themis_jupyter' for each in all))"
)


def session(notebook: Notebook, does: str) -> None:
    """Do something to the session of the active notebook."""
    notebook.page.evaluate(
        f"async () => {{ const c = window.jupyterapp.shell.currentWidget.sessionContext; await {does}; }}"
    )


def skip_in_notebook(notebook: Notebook) -> None:
    if notebook.server.app == "notebook":
        pytest.skip("Notebook 7 shows one document per page")


def test_a_kernel_without_the_package(open_notebook: Callable[..., Notebook]) -> None:
    bar = side_bar(open_notebook("bare"))
    bar.get_by_role("button", name="Load the extension").click()
    expect(bar).to_contain_text("is not installed where this kernel runs")
    expect(bar.locator("pre")).to_have_text("%pip install themis-jupyter")


def test_a_kernel_that_is_not_python(open_notebook: Callable[..., Notebook]) -> None:
    expect(side_bar(open_notebook("other"))).to_contain_text("The kernel runs R.")


def test_a_kernel_that_speaks_another_protocol(notebook: Notebook) -> None:
    notebook.run(0, "import themis_jupyter.board.desk as desk\ndesk.PROTOCOL = 99")
    notebook.run(1, "%load_ext themis_jupyter")
    expect(side_bar(notebook)).to_contain_text("Install the same version of themis_jupyter in both")


def test_messages_that_nobody_understands_harm_nothing(notebook: Notebook) -> None:
    bar = with_plugin(notebook)
    replies = notebook.page.evaluate(
        """async () => {
            const {kernel} = window.jupyterapp.shell.currentWidget.sessionContext.session;
            const comm = kernel.createComm('themis_jupyter');
            const replies = [];
            comm.onMsg = ({content: {data}}) => replies.push(data);
            comm.open();
            for (const each of [{kind: 'run', id: 'a', code: '1/0'}, {id: 'b'}, {kind: 'reload', id: 'c'}])
                await comm.send(each).done;
            comm.close();
            return replies;
        }"""
    )
    assert [(each["id"], each["ok"]) for each in replies] == [
        ("a", False),
        ("b", False),
        ("c", False),
    ]
    assert all("not understood" in each["text"] for each in replies)
    loaded(bar)


def test_two_notebooks_on_two_kernels(notebook: Notebook) -> None:
    skip_in_notebook(notebook)
    bar = with_plugin(notebook)
    open_beside(notebook, "m.ipynb")
    expect(bar).to_contain_text("m.ipynb")
    expect(bar).to_contain_text("is not loaded in this kernel")
    open_beside(notebook, "n.ipynb")
    expect(bar).to_contain_text("n.ipynb")
    loaded(bar)


def test_two_views_of_a_notebook_and_a_console_have_one_comm(notebook: Notebook) -> None:
    skip_in_notebook(notebook)
    bar = with_plugin(notebook)
    page = notebook.page
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:create-console')")
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget?.node.classList.contains('jp-ConsolePanel')"
    )
    loaded(bar)
    open_beside(notebook, "n.ipynb")
    # The console's tab has the same name.
    page.locator(".lm-TabBar-tab[data-type=document-title]").click(button="right")
    page.get_by_role("menuitem", name="New View for Notebook").click()
    page.wait_for_function(
        """() => {
            const shown = [...window.jupyterapp.shell.widgets('main')];
            return shown.filter(({content}) => content?.notebookConfig !== undefined).length === 2;
        }"""
    )
    assert notebook.run(2, COMMS).startswith("1")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.close()")
    open_beside(notebook, "n.ipynb")
    notebook.edit("return 1", "return 2")
    execute(page, "reload-notebook")
    expect(card_in(bar)).to_contain_text("reloaded")
    assert notebook.run(2, COMMS).startswith("1")


def test_a_page_that_is_loaded_again_has_one_comm(notebook: Notebook) -> None:
    with_plugin(notebook)
    for _ in range(2):
        notebook.page.reload()
        notebook.ready()
        loaded(side_bar(notebook))
    assert notebook.run(2, COMMS).startswith("1")


def test_a_kernel_that_is_restarted_while_a_click_waits(
    open_notebook: Callable[..., Notebook],
) -> None:
    notebook = open_notebook("plain")
    bar = with_plugin(notebook)
    notebook.begin(2, BUSY)
    execute(notebook.page, "reload-notebook")
    expect(bar).to_contain_text("Requests wait until the cell ends")
    session(notebook, "c.session.kernel.restart()")
    expect(bar).to_contain_text("is not loaded in this kernel")
    notebook.run(0, LOAD)
    loaded(bar)


def test_an_interrupt_leaves_all_as_it_is(notebook: Notebook) -> None:
    bar = with_plugin(notebook)
    notebook.begin(2, BUSY)
    session(notebook, "c.session.kernel.interrupt()")
    assert "KeyboardInterrupt" in notebook.end(2)
    notebook.edit("return 1", "return 2")
    execute(notebook.page, "reload-notebook")
    expect(card_in(bar)).to_contain_text("reloaded")


def test_a_kernel_that_is_shut_down_and_another_one(notebook: Notebook) -> None:
    bar = with_plugin(notebook)
    session(notebook, "c.shutdown()")
    expect(bar).to_contain_text("It has no kernel")
    session(notebook, "c.changeKernel({name: 'other'})")
    expect(bar).to_contain_text("The kernel runs R.")
    session(notebook, "c.changeKernel({name: 'python3'})")
    expect(bar).to_contain_text("is not loaded in this kernel")


def test_a_closed_notebook_is_forgotten_on_both_sides(notebook: Notebook) -> None:
    skip_in_notebook(notebook)
    bar = with_plugin(notebook)
    for _ in range(2):
        notebook.page.evaluate(
            """async () => {
                const widget = window.jupyterapp.shell.currentWidget;
                await widget.context.save();
                widget.close();
            }"""
        )
        expect(bar).to_contain_text("Open a notebook or a console")
        # Its kernel lives on, and is told of by the page that opens it again.
        open_beside(notebook, "n.ipynb")
        loaded(bar)
    assert notebook.run(2, COMMS).startswith("1")


def test_the_kernel_of_the_notebook_that_is_used_is_shown(notebook: Notebook) -> None:
    skip_in_notebook(notebook)
    bar = with_plugin(notebook)
    page = notebook.page
    page.evaluate(
        """(path) => window.jupyterapp.commands.execute(
            'console:create', {path, kernelPreference: {name: 'other'}, insertMode: 'split-right'}
        )""",
        notebook.folder.name,
    )
    expect(bar).to_contain_text("The kernel runs R.")
    page.locator(".jp-Notebook .jp-Cell").first.click()
    loaded(bar)
    expect(bar).to_contain_text("n.ipynb")


def test_a_server_that_drops_the_connection(
    open_notebook: Callable[..., Notebook], monkeypatch: pytest.MonkeyPatch
) -> None:
    routes: list[WebSocketRoute] = []
    refused = {"yes": False}

    def pass_on(route: WebSocketRoute) -> None:
        if refused["yes"]:
            route.close()
            return
        routes.append(route)
        route.connect_to_server()

    new_page = BrowserContext.new_page

    def routed(context: BrowserContext) -> Page:
        page = new_page(context)
        page.route_web_socket(lambda url: "/channels" in url, pass_on)
        return page

    monkeypatch.setattr(BrowserContext, "new_page", routed)
    notebook = open_notebook()
    bar = with_plugin(notebook)
    refused["yes"] = True
    for route in routes:
        route.close()
    expect(bar).to_contain_text("The server cannot be reached")
    # What is known stays in view.
    card_in(bar)
    refused["yes"] = False
    notebook.edit("return 1", "return 2")
    expect(bar).not_to_contain_text("The server cannot be reached")
    # What was missed meanwhile is told.
    expect(card_in(bar)).to_contain_text("edited")
    wait_until_enabled(notebook.page, "reload-notebook")
    execute(notebook.page, "reload-notebook")
    expect(card_in(bar)).to_contain_text("reloaded")

"""An endless loop, interrupted, and completion: in JupyterLab, in a browser."""

import lab

CELLS = [
    "let precious = vec![1, 2, 39];",
    'println!("on the way");\nlet mut turns = 0u64;\nloop { turns = turns.wrapping_add(1); }',
    'println!("precious is {}", precious.iter().sum::<i32>());',
    "precious.",
]


def test_an_endless_loop_is_interrupted_and_variables_stay(browser, tmp_path):
    path = tmp_path / "endless.ipynb"
    lab.write_notebook(path, CELLS)
    with lab.open_notebook(browser, "endless", notebook=path) as page:
        page.wait_for_kernel(120)
        page.run_cell(0, seconds=120)

        page.in_lab(
            "panel.content.deselectAll(); panel.content.activeCellIndex = 1; window.ran = false;"
            "app.commands.execute('notebook:run-cell').then(() => { window.ran = true; });"
        )
        page.cell(1).get_by_text("on the way", exact=True).wait_for(timeout=120_000)
        assert "[*]" in page.cell(1).locator(".jp-InputPrompt").inner_text()
        page.page.locator("[data-command='notebook:interrupt-kernel']").first.click()
        page.page.wait_for_function("window.ran === true", timeout=60_000)
        assert page.outputs()[1]["errors"] == ["Interrupted: the cell was stopped"]

        page.run_cell(2, seconds=120)
        assert page.cell(2).locator(".jp-OutputArea-output").inner_text().strip() == "precious is 42"

        # Completion, as a reader meets it.
        page.in_lab(
            "panel.content.activeCellIndex = 3; panel.content.mode = 'edit';"
            "const editor = panel.content.activeCell.editor;"
            "editor.setCursorPosition({line: 0, column: 9}); editor.focus();"
        )
        page.page.keyboard.press("Tab")
        completer = page.page.locator(".jp-Completer:not(.jp-mod-hidden)")
        completer.get_by_text("push", exact=True).first.wait_for(timeout=30_000)

"""The one form in which notebooks are committed: what an editor or a run leaves behind is dropped.

Outputs themselves are not touched, but for streams that arrived in pieces.
"""

import nbformat

KERNELSPEC = {"display_name": "Rust (lessons)", "language": "rust", "name": "lessons"}
# What our kernel says of Rust, less the compiler's version.
LANGUAGE_INFO = {
    "codemirror_mode": "rust",
    "file_extension": ".rs",
    "mimetype": "text/x-rustsrc",
    "name": "rust",
    "pygments_lexer": "rust",
}
CELL_METADATA_KEPT = {"jupyter", "tags"}


def tidy(notebook: nbformat.NotebookNode, stem: str) -> None:
    """Changes `notebook` in place; `stem`, the file's name, begins the ids of cells without one."""
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC, "language_info": LANGUAGE_INFO})
    count = 0
    for index, cell in enumerate(notebook.cells):
        cell.setdefault("id", f"{stem}-{index}")
        for key in set(cell.metadata) - CELL_METADATA_KEPT:
            del cell.metadata[key]
        if cell.cell_type != "code":
            continue
        if cell.get("execution_count") is not None:
            count += 1
            cell.execution_count = count
        for output in cell.get("outputs", []):
            if "execution_count" in output:
                output.execution_count = cell.execution_count
        cell.outputs = joined_streams(cell.get("outputs", []))


def joined_streams(outputs: list) -> list:
    joined = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined

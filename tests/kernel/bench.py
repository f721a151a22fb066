"""Times our kernel and stock evcxr_jupyter in turn, as a notebook sees them.

scripts/bench-kernel runs this; all kernels run on the same machine in the same run, cell by cell in
turn, and every figure is a median. The kernelspecs are `lessons` and, unless it is left out, `stock`.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from jupyter_client.manager import KernelManager

ROOT = Path(__file__).resolve().parents[2]
DEPENDENCY = f':dep lessons = {{ path = "{ROOT / "lessons-crate"}" }}\nuse lessons::prelude::*;'
TIMEOUT = 1800
# Where the kernels keep what they compile: ours cells, which go before each session, and stock the
# library, which it builds for the first result and then has.
CACHE = Path(tempfile.gettempdir()) / f"bench-kernel-{os.getpid()}"

# Twenty cells as lessons have them: what they are about, and their text. {n} differs from round to round.
LESSON = [
    ("plain Rust", "let words = vec![\"one\", \"two\", \"three\"];\nlet round = {n};"),
    ("plain Rust", "words.iter().map(|word| word.len()).sum::<usize>() + {n}"),
    ("plain Rust", "fn mean(values: &[f64]) -> f64 {{\n    values.iter().sum::<f64>() / values.len() as f64 + {n}.0\n}}"),
    ("plain Rust", "println!(\"{{:.2}}\", mean(&[1.0, 2.0, {n}.5]));"),
    ("plain Rust", "struct Point {{ x: f64, y: f64 }}\nimpl Point {{\n    fn norm(&self) -> f64 {{ (self.x * self.x + self.y * self.y).sqrt() }}\n}}\nPoint {{ x: 3.0, y: {n}.0 }}.norm()"),
    ("graph", "let graph = Graph::build(\"round_{n}\", |g| {{\n    let x = g.input(\"x\", f32s((\"n\",)));\n    g.output(\"y\", (x * 2.0 + {n}.0).relu());\n}})?;"),
    ("show", "graph.clone() // {n}"),
    ("show", "println!(\"{{graph}} {n}\");"),
    ("graph", "let linear = Graph::build(\"linear_{n}\", |g| {{\n    let x = g.input(\"x\", f32s((\"batch\", 4)));\n    let w = g.weight(\"w\", f32s((2, 4)));\n    let b = g.weight(\"b\", f32s((2,)));\n    g.output(\"y\", (x.matmul(w.t()) + b).relu());\n}})?;"),
    ("show", "Diagram::of(&linear).figure() // {n}"),
    ("compile", "let session = Session::cpu();\nlet plan = session.compile(&graph)?; // {n}"),
    ("compile", "for stage in plan.stages() {{\n    println!(\"{{}}: {{}} {n}\", stage.pass, stage.says);\n}}"),
    ("show", "Diagram::of(plan.graph()).since(&graph).figure() // {n}"),
    ("load", "let model = plan.load(&Weights::new())?; // {n}"),
    ("run", "let x = Tensor::new(&[-2f32, -0.5, 0.0, {n}.0], &Cpu)?;\nprintln!(\"{{:?}}\", model.call(&x)?.to_vec1::<f32>()?);"),
    ("load", "let classifier = Classifier::embedded()?; // {n}"),
    ("run", "let answer = classifier.classify(\"a wonderful film, number {n}\")?;\nprintln!(\"{{}}: {{:.0}} %\", answer.label, 100.0 * answer.score);"),
    ("show", "answer // {n}"),
    ("chart", "BarChart::probabilities(\"How positive? {n}\", [(\"a\", 0.2), (\"b\", 0.7)])\n    .finding(\"The second is praise.\")"),
    ("chart", "LineChart::new(\"relu(x * 2 + {n})\")\n    .x(\"x\")\n    .y(\"y\")\n    .function(\"relu\", -3.0..3.0, |x| (x * 2.0 + {n}.0).max(0.0))"),
]

# Cells that make rustc instantiate the generics of dfdx or plotters.
GENERIC = [
    ("plotters", "use plotters::prelude::*;\nlet mut svg = String::new();\n{{\n    let area = SVGBackend::with_string(&mut svg, (300, 200)).into_drawing_area();\n    let mut chart = ChartBuilder::on(&area).build_cartesian_2d(0f32..{n}f32 + 1.0, 0f32..9f32)?;\n    chart.draw_series(plotters::series::LineSeries::new((0..9).map(|i| (i as f32, i as f32)), &BLACK))?;\n    area.present()?;\n}}\nsvg.len() > {n}"),
    ("dfdx", "use dfdx::prelude::{{AsArray, Cpu as DfdxCpu, MeanTo, TensorFrom}};\nuse dfdx::tensor_ops::TryMatMul;\nlet device = DfdxCpu::default();\nlet a = device.tensor([[1.0f32, 2.0], [3.0, {n}.0]]);\nlet b = device.tensor([[1.0f32], [2.0]]);\na.matmul(b).mean::<dfdx::shapes::Rank0, _>().array()"),
]


def growing(number):
    """One of many cells of a long notebook: an item, a variable, and a use of what stands before."""
    before = f"step_{number - 1}(value_{number - 1})" if number else "1u64"
    return f"fn step_{number}(x: u64) -> u64 {{ x + {number} }}\nlet value_{number} = {before};\nvalue_{number}"


class Kernel:
    """A running kernel and its client."""

    def __init__(self, name, folder):
        self.name = name
        self.manager = KernelManager(kernel_name=name)
        environment = dict(os.environ, LESSONS_CACHE=str(CACHE), EVCXR_TMPDIR=str(CACHE / "evcxr"))
        self.began = time.perf_counter()
        self.manager.start_kernel(env=environment, cwd=str(folder))
        self.client = self.manager.client()
        self.client.start_channels()
        while True:
            self.client.kernel_info()
            with contextlib.suppress(Exception):
                self.reply(None, 2)
                break
        self.info_seconds = time.perf_counter() - self.began

    def reply(self, message, timeout=TIMEOUT):
        while True:
            reply = self.client.get_shell_msg(timeout=timeout)
            if message is None or reply["parent_header"].get("msg_id") == message:
                return reply["content"]

    def run(self, code):
        """Seconds until the cell's reply and its `idle` have come."""
        began = time.perf_counter()
        message = self.client.execute(code)
        reply = self.reply(message)
        while True:
            output = self.client.get_iopub_msg(timeout=TIMEOUT)
            if (
                output["parent_header"].get("msg_id") == message
                and output["content"].get("execution_state") == "idle"
            ):
                break
        seconds = time.perf_counter() - began
        if reply["status"] != "ok":
            raise RuntimeError(f"{self.name}: {code}\n" + "\n".join(reply.get("traceback", [])))
        return seconds

    def processes(self):
        pids, found = [self.manager.provisioner.pid], []
        while pids:
            found.append(pids.pop())
            listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(found[-1])], capture_output=True, text=True)
            pids += [int(pid) for pid in listed.stdout.split()]
        return found

    def megabytes(self):
        """Memory of the kernel and its processes: shared pages count in part (PSS) where Linux says so."""
        total = 0
        for pid in self.processes():
            with contextlib.suppress(OSError):
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
                continue
            listed = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True)
            total += int(listed.stdout or 0)
        return total / 1024

    def end(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@contextlib.contextmanager
def running(names):
    """One kernel of each name, that has compiled none of the cells before."""
    shutil.rmtree(CACHE / "units", ignore_errors=True)
    folder = Path(tempfile.mkdtemp())
    kernels = []
    try:
        for name in names:
            kernels.append(Kernel(name, folder))
        yield kernels
    finally:
        for kernel in kernels:
            kernel.end()
        shutil.rmtree(folder, ignore_errors=True)


@dataclasses.dataclass
class Row:
    """A line of the table; seconds, unless the goal says otherwise."""

    what: str
    goal: float | None
    unit: str = "s"
    ours: list = dataclasses.field(default_factory=list)
    stock: list = dataclasses.field(default_factory=list)

    def add(self, kernel, value):
        (self.ours if kernel == "lessons" else self.stock).append(value)

    def figures(self):
        ours, stock = (statistics.median(values) if values else None for values in (self.ours, self.stock))
        ratio = stock / ours if ours and stock else None
        return {"what": self.what, "goal": self.goal, "unit": self.unit, "ours": ours, "stock": stock, "ratio": ratio}


def starts(names, rounds, row):
    for _ in range(rounds):
        for name in names:
            with running([name]) as [kernel]:
                row.add(name, kernel.info_seconds)


def first_results(names, rounds, row):
    """From the spawn to the result of a cell with `lessons`; stock builds the library, so once."""
    for turn in range(rounds):
        for name in names if turn == 0 else ["lessons"]:
            with running([name]) as [kernel]:
                kernel.run(DEPENDENCY + '\nGraph::build("g", |g| { let x = g.input("x", f32s((4,))); g.output("y", x.relu()); })?')
                row.add(name, time.perf_counter() - kernel.began)


def sessions(names, rounds, rows, cells):
    """The lesson's cells in turn on each kernel, each new, then each again."""
    with running(names) as kernels:
        for kernel in kernels:
            kernel.run(DEPENDENCY)
            kernel.run("1 + 1")
        for turn in range(1, rounds + 1):
            for kind, code in LESSON:
                for kernel in kernels:
                    seconds = kernel.run(code.format(n=turn))
                    rows["lesson"].add(kernel.name, seconds)
                    cells.setdefault(kind, Row(kind, None)).add(kernel.name, seconds)
            for _, code in LESSON:
                for kernel in kernels:
                    rows["again"].add(kernel.name, kernel.run(code.format(n=turn)))
            for kind, code in GENERIC:
                for kernel in kernels:
                    seconds = timed_or_none(kernel, code.format(n=turn))
                    if seconds is not None:
                        cells.setdefault(kind, Row(kind, None)).add(kernel.name, seconds)


def timed_or_none(kernel, code):
    """A crate that a cell names is there with our kernel; stock would have to build it."""
    try:
        return kernel.run(code)
    except RuntimeError as error:
        if kernel.name == "lessons":
            print(error, file=sys.stderr)
        return None


def growth(names, length, row):
    """The cells around number `length` against those around number 5, as a ratio."""
    with running(names) as kernels:
        seconds = {kernel.name: [] for kernel in kernels}
        for kernel in kernels:
            kernel.run("1 + 1")
        for number in range(length + 3):
            for kernel in kernels:
                seconds[kernel.name].append(kernel.run(growing(number)))
        for name, times in seconds.items():
            late = statistics.median(times[length - 6 : length + 3])
            row.add(name, late / statistics.median(times[1:10]))


def memory(names, rounds, row):
    for _ in range(rounds):
        for name in names:
            with running([name]) as [kernel]:
                time.sleep(2)
                row.add(name, kernel.megabytes())


def table(rows):
    def shown(value, unit):
        if value is None:
            return ""
        return f"{value:.0f} MB" if unit == "MB" else f"{value:.2f} x" if unit == "x" else f"{value:.3f} s"

    lines = ["| | goal | ours | stock | ratio |", "| --- | --- | --- | --- | --- |"]
    for row in rows:
        figures = row.figures()
        goal = "" if row.goal is None else "≤ " + f"{row.goal:g} {row.unit}"
        ratio = "" if figures["ratio"] is None else f"{figures['ratio']:.1f}"
        cells = [row.what, goal, shown(figures["ours"], row.unit), shown(figures["stock"], row.unit), ratio]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-stock", action="store_true", help="time our kernel alone")
    parser.add_argument("--rounds", type=int, default=5, help="how often each thing is timed [5]")
    parser.add_argument("--cells", type=int, default=200, help="the length of the long notebook [200]")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    args = parser.parse_args()
    names = ["lessons"] if args.no_stock else ["lessons", "stock"]

    info = Row("spawn to kernel_info reply", 0.2)
    first = Row("spawn to the first result of a cell with `lessons`", 1.5)
    rows = {"lesson": Row("median of twenty lesson cells", 0.2), "again": Row("the same cells unchanged", 0.03)}
    grown = Row(f"cell {args.cells} against cell 5", 1.3, "x")
    idle = Row("kernel idle", 150, "MB")
    cells = {}
    steps = [
        ("starting", lambda: starts(names, args.rounds, info)),
        ("memory", lambda: memory(names, min(args.rounds, 3), idle)),
        ("a long notebook", lambda: growth(names, args.cells, grown)),
        ("first results", lambda: first_results(names, args.rounds, first)),
        ("lesson cells", lambda: sessions(names, args.rounds, rows, cells)),
    ]
    try:
        # What is compiled once after an installation is there.
        with running(["lessons"]) as [kernel]:
            kernel.run("1 + 1")
        for what, step in steps:
            print(f"{what} …", file=sys.stderr, flush=True)
            step()
    finally:
        shutil.rmtree(CACHE, ignore_errors=True)
    all_rows = [info, first, *rows.values(), grown, idle]
    load = " ".join(f"{load:.1f}" for load in os.getloadavg())
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {load}"
    print(f"{machine}; medians of {args.rounds} rounds\n\n{table(all_rows)}\n\nCells by kind:\n\n{table(cells.values())}")
    if args.json:
        figures = {
            "machine": machine,
            "rounds": args.rounds,
            "rows": [row.figures() for row in all_rows],
            "cells": [row.figures() for row in cells.values()],
        }
        args.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()

"""The protocol of docs/bench.md, for engines written in Python: one line of JSON in, one line out.

An engine is a class with

    name                                    what it is called, with its version
    load(task) -> float | None              loads a model; gives its own seconds, where all of `load` is not its doing
    prepare(inputs) -> numpy.ndarray        takes named inputs, runs once, gives the first output
    run()                                   runs once on those inputs

and `serve(Engine)` does the rest. Whatever a library prints goes to stderr: stdout is the protocol's.
"""

import json
import os
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Task:
    """What is to be loaded."""

    kind: str
    threads: int
    precision: str
    weights: str
    """A safetensors file."""
    parameters: dict | None = None
    """What else the kind of model has to know of itself."""
    directory: str | None = None
    """The Hugging Face directory of the model, if it has one."""

    def tensors(self):
        from safetensors.numpy import load_file

        return load_file(self.weights)


def serve(make):
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    engine = None
    for line in sys.stdin:
        try:
            engine, answer = act(make, engine, json.loads(line))
        except Exception as error:  # noqa: BLE001: whatever it is, it becomes a row of the table
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
        print(json.dumps(answer), file=answers)


def act(make, engine, request):
    do = request.pop("do")
    if do == "load":
        task = Task(**request)
        start = time.perf_counter()
        engine = make()
        seconds = engine.load(task)
        if seconds is None:
            seconds = time.perf_counter() - start
        return engine, {
            "engine": engine.name,
            "threads": task.threads,
            "precision": "f32",
            "seconds": seconds,
        }
    if do == "prepare":
        return engine, prepare(engine, request)
    if do == "time":
        return engine, {"seconds": timed(engine.run, request["calls"])}
    raise ValueError(f"unknown request {do!r}")


def prepare(engine, request):
    import numpy
    from safetensors.numpy import load_file, save_file

    result = engine.prepare(load_file(request["inputs"]))
    save_file({"output": numpy.ascontiguousarray(result)}, Path(request["output"]))
    return {}


def timed(run, calls):
    start = time.perf_counter()
    for _ in range(calls):
        run()
    return time.perf_counter() - start

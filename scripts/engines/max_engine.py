"""MAX on the CPU: the same graphs written with its graph API."""

import os
from importlib.metadata import version

from protocol import serve


class Max:
    name = f"MAX {version('max')}"

    def load(self, task):
        # MAX computes on as many threads as there are processors for it, so that is what it is given;
        # the session's own `num_threads` it refuses once its compiler runs.
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: task.threads])
        import max_models
        from max.driver import CPU, Buffer
        from max.engine import InferenceSession

        self.buffer = Buffer.from_numpy
        tensors = task.tensors()
        graph, self.order = max_models.build(task, tensors)
        self.model = InferenceSession(devices=[CPU()]).load(graph, weights_registry=tensors)

    def prepare(self, inputs):
        self.inputs = [self.buffer(inputs[name]) for name in self.order]
        return self.run()[0].to_numpy()

    def run(self):
        return self.model.execute(*self.inputs)


os.environ.setdefault("MODULAR_TELEMETRY_ENABLED", "false")
serve(Max)

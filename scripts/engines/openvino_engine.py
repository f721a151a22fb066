"""OpenVINO on the CPU, from the model that PyTorch exports to ONNX."""

import time

import openvino

import models
from protocol import serve


class OpenVino:
    name = f"OpenVINO {openvino.__version__.split('-')[0]}"

    def load(self, task):
        path = models.onnx_file(task)
        start = time.perf_counter()
        core = openvino.Core()
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": task.threads,
            "INFERENCE_PRECISION_HINT": "f32",
            "NUM_STREAMS": 1,
        }
        self.request = core.compile_model(core.read_model(path), "CPU", settings).create_infer_request()
        seconds = time.perf_counter() - start
        self.names = [port.any_name for port in self.request.model_inputs]
        return seconds

    def prepare(self, inputs):
        for name in self.names:
            self.request.set_tensor(name, openvino.Tensor(inputs[name]))
        self.run()
        return self.request.get_output_tensor(0).data.copy()

    def run(self):
        self.request.infer()


serve(OpenVino)

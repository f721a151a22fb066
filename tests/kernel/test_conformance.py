"""Jupyter's own conformance tests, with a sample of Rust for each."""

import jupyter_kernel_test as jkt


class LessonsKernelTests(jkt.KernelTests):
    kernel_name = "lessons"
    language_name = "rust"
    file_extension = ".rs"

    code_hello_world = 'println!("hello, world");'
    code_stderr = 'eprintln!("oh");'

    completion_samples = [
        {"text": "printl", "matches": {"println!"}},
        {"text": "let text = String::new(); text.push", "matches": {"push", "push_str"}},
        {"text": 'let g = Graph::start("g"); g.fin', "matches": {"finish"}},
        {"text": "Graph::bu", "matches": {"build"}},
    ]
    complete_code_samples = ["1 + 1", "let x = 1;", "fn f() -> i32 { 3 }", "", "// a remark"]
    incomplete_code_samples = ["fn f() {", "let x =", 'println!("a', "match 1 {\n    1 => {}"]
    invalid_code_samples = ["let x = (1];", "fn 1f() {}", "}"]

    code_page_something = "?Graph::build"
    code_generate_error = 'let number: i32 = "text";'
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": "let seven = 7;\nseven - 1", "result": "6"},
        {"code": "6 * 7 + 0", "result": "42"},
    ]
    code_display_data = [
        {
            "code": (
                'println!("EVCXR_BEGIN_CONTENT image/svg+xml\\n'
                "<svg xmlns='http://www.w3.org/2000/svg'/>\\nEVCXR_END_CONTENT\");"
            ),
            "mime": "image/svg+xml",
        },
    ]

    code_history_pattern = "6 ? 7"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "Graph::build"
    code_clear_output = "lessons::notebook::clear_output(false);"


class LessonsIopubWelcomeTests(jkt.IopubWelcomeTests):
    kernel_name = "lessons"
    support_iopub_welcome = True

fn main() -> std::process::ExitCode {
    if std::env::args().nth(1).as_deref() == Some("runtime") {
        return lessons_kernel::runtime::main();
    }
    std::process::ExitCode::SUCCESS
}

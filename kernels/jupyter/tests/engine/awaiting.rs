//! Cells that wait for futures, in the runtime of a tokio that `:dep` brings.

use std::time::{Duration, Instant};

use crate::harness::Session;

/// A notebook with tokio; `None` where the registry is not to be reached.
fn session() -> Option<Session> {
    let mut session = Session::new();
    let tokio = "tokio = { version = \"1\", features = [\"full\"] }";
    session.has_dep(tokio).then_some(session)
}

#[test]
fn without_tokio_an_await_says_what_to_do() {
    let mut session = Session::new();
    session.ok("async fn f() -> u8 { 1 }\nlet kept = 1;");
    let error = session.err("let x = 2;\nf().await");
    assert_eq!(error.ename, "E0728");
    assert!(error.evalue.contains(":dep tokio"), "{}", error.evalue);
    assert!(
        error.text().contains("line 2: f().await"),
        "{}",
        error.text()
    );
    let error = session.err(":type f().await");
    assert!(error.evalue.contains(":dep tokio"), "{}", error.evalue);
    session.ok("macro_rules! join { ($a:expr) => { $a.await } }");
    let error = session.err("join!(f())");
    assert!(error.evalue.contains(":dep tokio"), "{}", error.evalue);
    session.ok("macro_rules! select { ($a:expr) => { $a + 1 } }");
    assert_eq!(session.value("select!(kept)"), "2");
    // What waits in nothing async of the cell's own is rustc's to judge.
    let error = session.err("let g = || f().await;");
    assert_eq!(error.ename, "E0728");
    assert!(!error.text().contains(":dep"), "{}", error.text());
}

#[test]
fn cells_wait_for_futures() {
    let Some(mut session) = session() else { return };
    session.ok(
        "use std::time::Duration;\nuse tokio::time::sleep;\nsleep(Duration::from_millis(1)).await;",
    );
    session.ok(
        "async fn half(n: i32) -> Result<i32, String> { tokio::task::yield_now().await; \
         if n % 2 == 0 { Ok(n / 2) } else { Err(format!(\"{n} is odd\")) } }",
    );
    session.ok("let mut seen: Vec<i32> = Vec::new();\nlet x = half(8).await?;");
    assert_eq!(session.value("x + half(x).await?"), "6");
    let error = session.err("seen.push(1);\nlet y = half(x).await?;\nlet z = half(7).await?;");
    assert_eq!(
        (error.ename.as_str(), error.evalue.as_str()),
        ("Error", "7 is odd")
    );
    assert!(error.text().contains("line 3: let z"), "{}", error.text());
    session.ok("for n in 0..4 { if let Ok(h) = half(n).await { seen.push(h); } }");
    assert_eq!(session.value("&seen"), "[1, 0, 1]");
    assert_eq!(
        session.value("match half(3).await { Ok(n) => n, Err(_) => half(20).await? }"),
        "10"
    );
    let ran = session.ok("println!(\"{:?} {:?}\", half(2).await, half(1).await);");
    assert_eq!(ran.stdout(), "Ok(1) Err(\"1 is odd\")\n");
    assert_eq!(
        session.value("tokio::join!(half(2), half(4))"),
        "(Ok(1), Ok(2))"
    );
    session.ok("let (a, b) = tokio::try_join!(half(6), half(4))?;");
    assert_eq!(session.value("(a, b)"), "(3, 2)");
    session.ok("tokio::select! {\n    _ = sleep(Duration::from_secs(60)) => println!(\"slow\"),\n    h = half(10) => seen.push(h?),\n}");
    assert_eq!(session.value("seen.last()"), "Some(5)");
    session.ok("macro_rules! get { ($e:expr) => { $e.await? } }");
    assert_eq!(session.value("get!(half(2))"), "1");
    assert_eq!(
        session.ok(":type half(1).await").stdout(),
        "Result<i32, String>\n"
    );
    let error = session.err("let x: String = half(8).await?;");
    assert_eq!(error.ename, "E0308");
    assert!(error.text().contains("cell:1:17"), "{}", error.text());
    assert_eq!(session.value("x"), "4");
}

#[test]
fn what_cannot_be_sent_may_wait_and_variables_are_moved_as_ever() {
    let Some(mut session) = session() else { return };
    session.ok("use std::rc::Rc;\nuse std::cell::RefCell;\nlet shared = Rc::new(RefCell::new(1));\nlet text = String::from(\"a\");\nlet mut list = vec![1];");
    session.ok("let again = shared.clone();\ntokio::task::yield_now().await;\n*again.borrow_mut() += 1;\nlist.push(2);");
    assert_eq!(
        session.value("(&shared, &list)"),
        "(RefCell { value: 2 }, [1, 2])"
    );
    session.ok("let moved = text;\ntokio::task::yield_now().await;");
    assert_eq!(
        session.variables(),
        [
            "again: Rc<RefCell<i32>>",
            "list: Vec<i32>",
            "moved: String",
            "shared: Rc<RefCell<i32>>"
        ]
    );
    let error = session.err("list.push(3);\ntokio::task::yield_now().await;\npanic!(\"after\")");
    assert_eq!(error.ename, "Panic");
    assert!(error.text().contains("line 3: panic!"), "{}", error.text());
    assert_eq!(session.value("list.len()"), "3");
    let error = session.err("let part = &list[..];\ntokio::task::yield_now().await;");
    assert_eq!(error.ename, "NotKept");
    let local = "let set = tokio::task::LocalSet::new();\nset.run_until(async { tokio::task::spawn_local(async { Rc::new(5) }).await.map(|n| *n) }).await?";
    assert_eq!(session.value(local), "5");
}

#[test]
fn what_a_cell_spawns_goes_on_between_cells() {
    let Some(mut session) = session() else { return };
    session.ok("use tokio::sync::mpsc::unbounded_channel;\nlet (ask, mut asked) = unbounded_channel::<i32>();\nlet (answer, mut answers) = unbounded_channel::<i32>();");
    // No cell waits yet, and the runtime is there.
    session.ok("let task = tokio::spawn(async move {\n    while let Some(n) = asked.recv().await {\n        println!(\"asked for {n}\");\n        let _ = answer.send(n * n);\n    }\n    \"done\"\n});");
    session.ok("fn later() -> tokio::task::JoinHandle<u8> { tokio::spawn(async { 7 }) }");
    session.ok("let other = later();");
    for (n, square) in [(3, "Some(9)"), (4, "Some(16)")] {
        let ran = session.ok(&format!("ask.send({n})?;\nanswers.recv().await"));
        assert_eq!(ran.stdout(), format!("asked for {n}\n"));
        let value = ran.result().map(|bundle| bundle["text/plain"].clone());
        assert_eq!(value, Some(square.into()));
    }
    session.ok("drop(ask);");
    assert_eq!(
        session.value("(task.await?, other.await?)"),
        "(\"done\", 7)"
    );
    assert_eq!(
        session.value("tokio::runtime::Runtime::new()?.block_on(async { 3 })"),
        "3"
    );
    let error = session.err("tokio::spawn(async { panic!(\"in a task\") }).await?");
    assert_eq!(error.ename, "Error");
    assert!(error.evalue.contains("in a task"), "{}", error.evalue);
    assert_eq!(session.value("answers.recv().await"), "None");
}

#[test]
fn an_interrupt_ends_the_waiting_and_keeps_the_variables() {
    let Some(mut session) = session() else { return };
    session.ok("use std::time::Duration;\nlet mut list = vec![1];");
    for code in [
        "list.push(2);\nprintln!(\"go\");\nstd::future::pending::<()>().await;",
        "println!(\"go\");\ntokio::time::sleep(Duration::from_secs(600)).await;",
        "println!(\"go\");\nloop { tokio::task::yield_now().await; }",
        "println!(\"go\");\nwhile list.len() > 0 { std::hint::black_box(&list); }\nstd::future::ready(()).await;",
        "println!(\"go\");\ntokio::spawn(std::future::pending::<()>()).await?;",
        "println!(\"go\");\ntokio::join!(std::future::pending::<()>(), tokio::time::sleep(Duration::from_millis(1)));",
    ] {
        let begin = Instant::now();
        let error = session.interrupted_at_output(code);
        assert_eq!(error.ename, "Interrupted", "{code}: {}", error.text());
        assert!(
            error.text().contains("still there"),
            "{code}: {}",
            error.text()
        );
        assert!(begin.elapsed() < Duration::from_secs(20), "{code}");
        assert_eq!(session.value("&list"), "[1, 2]", "{code}");
    }
    session.ok(":opt 3");
    let error =
        session.interrupted_at_output("println!(\"go\");\nstd::future::pending::<()>().await;");
    assert_eq!(error.ename, "Interrupted");
    session.ok(":opt auto");
    assert_eq!(
        session.value("tokio::spawn(async { 1 }).await? + list.len()"),
        "3"
    );
    // What the cell holds is dropped where its destructor finds the runtime.
    session.ok("struct Spawns;\nimpl Drop for Spawns { fn drop(&mut self) { drop(tokio::runtime::Handle::current()); println!(\"dropped\"); } }");
    let ran = session.interrupted_twice(
        "let s = Spawns;\nprintln!(\"go\");\nstd::future::pending::<()>().await;\ndrop(s);",
    );
    assert_eq!(ran.error().ename, "Interrupted");
    assert_eq!(ran.stdout(), "go\ndropped\n");
    // It is over with the cell: the next one is not stopped.
    assert_eq!(
        session.value("tokio::time::sleep(Duration::from_millis(5)).await;\nlist.len()"),
        "2"
    );
}

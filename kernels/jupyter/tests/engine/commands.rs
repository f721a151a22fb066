//! Lines that begin with a colon.

use crate::harness::Session;

#[test]
fn commands() {
    let mut session = Session::new();
    session.ok("let a = vec![1u8];");
    assert_eq!(session.ok(":vars").stdout_bytes(), b"a: Vec<u8>\n");
    assert_eq!(session.value(":opt 3\na[0]"), "1");
    assert!(session.err(":opt 9").evalue.contains("levels"));
    assert!(session.err(":nonsense").evalue.contains(":help"));
    assert!(
        session
            .err(":dep rand = \"0.9\"")
            .evalue
            .contains("no prebuilt library")
    );
    session.ok(":clear");
    assert!(session.variables().is_empty() && session.items().is_empty());
    assert_eq!(session.err("a").ename, "E0425");
}

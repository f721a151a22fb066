//! Crates that `:dep` brings.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{Ran, Session};

/// A folder of small crates.
pub struct Crates(tempfile::TempDir);

impl Crates {
    pub fn new() -> Crates {
        Crates(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a crate; `manifest` follows its `[package]`.
    pub fn write(&self, name: &str, manifest: &str, code: &str) -> PathBuf {
        let folder = self.path(name);
        fs::create_dir_all(folder.join("src")).unwrap();
        let package =
            format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
        fs::write(folder.join("Cargo.toml"), package + manifest).unwrap();
        fs::write(folder.join("src/lib.rs"), code).unwrap();
        folder
    }

    /// Counts in a static, so that a second copy of its code would be noticed.
    fn counter(&self) -> PathBuf {
        self.write(
            "my-counter",
            "[features]\nloud = []\n",
            "use std::sync::atomic::{AtomicU32, Ordering};
            static COUNT: AtomicU32 = AtomicU32::new(0);
            #[derive(Debug, Clone, PartialEq)]
            pub struct Count(pub u32);
            pub fn next() -> Count { Count(COUNT.fetch_add(1, Ordering::SeqCst) + 1) }
            #[macro_export]
            macro_rules! count { () => { $crate::next().0 } }
            pub fn is_loud() -> bool { cfg!(feature = \"loud\") }",
        )
    }
}

pub fn by_path(key: &str, folder: &Path, more: &str) -> String {
    format!(
        ":dep {key} = {{ path = {:?}{more} }}",
        folder.to_str().unwrap()
    )
}

/// Whether a cell had something built. That cargo was asked at all is shown only when it takes long.
fn compiles(ran: &Ran) -> bool {
    let texts = ran.displays();
    texts.iter().any(|display| {
        let text = display["text/plain"].as_str();
        text.is_some_and(|text| text.contains("Compiling") || text.contains("compiled"))
    })
}

#[test]
fn a_path_crate_is_there_for_all_later_cells_and_once() {
    let crates = Crates::new();
    let counter = crates.counter();
    let mut session = Session::new();
    session.ok("let before = String::from(\"kept\");");
    let ran = session.ok(&format!(
        "{}\nuse my_counter::Count;",
        by_path("my-counter", &counter, "")
    ));
    let shown: Vec<&str> = ran
        .displays()
        .iter()
        .filter_map(|display| display["text/plain"].as_str())
        // How long cargo takes to find versions decides whether that is shown.
        .filter(|text| text.contains("my-counter"))
        .collect();
    // Ten updates a second at most: what comes right after another step is not shown.
    let (last, before) = shown.split_last().expect("a word of the build");
    assert_eq!(*last, "my-counter 0.1.0 (1 crate compiled)");
    let compiling = "Compiling my-counter 0.1.0 (1 of 1)";
    assert!(before.iter().all(|text| *text == compiling), "{shown:?}");

    session.ok("let one = my_counter::next();");
    assert_eq!(session.value("my_counter::count!()"), "2");
    assert_eq!(
        session.value("my_counter::next() // another cell"),
        "Count(3)"
    );
    session.ok("fn take(count: Count) -> u32 { count.0 }");
    assert_eq!(
        session.value("take(one.clone()) + take(my_counter::next())"),
        "5"
    );
    assert_eq!(session.variables(), ["before: String", "one: Count"]);
    assert_eq!(session.ok(":show_deps").stdout().lines().count(), 1);

    // What is there is not built again: not here, not in another notebook.
    assert!(!compiles(&session.ok(&by_path("my-counter", &counter, ""))));
    assert_eq!(session.value("my_counter::next().0"), "5");
    let mut other = Session::new();
    assert!(!compiles(&other.ok(&by_path("my-counter", &counter, ""))));
    assert_eq!(other.value("my_counter::next().0"), "1");

    session.ok(":clear");
    assert_eq!(session.err("my_counter::next()").ename, "E0433");
}

#[test]
fn a_later_dep_shares_what_is_there() {
    let crates = Crates::new();
    let counter = crates.counter();
    let twice = crates.write(
        "twice",
        "[dependencies]\nmy-counter = { path = \"../my-counter\" }\n",
        "pub fn twice() -> my_counter::Count { my_counter::next(); my_counter::next() }",
    );
    let mut session = Session::new();
    session.ok(&by_path("my-counter", &counter, ""));
    session.ok("let one = my_counter::next();");
    // The other crate asks for nothing that would change the first.
    session.ok(&format!(
        "{}\nlet three = twice::twice();",
        by_path("twice", &twice, "")
    ));
    assert_eq!(session.value("one.0 + three.0 + my_counter::next().0"), "8");
    session.ok("let same: Vec<my_counter::Count> = vec![one.clone(), twice::twice()];");
    assert_eq!(session.value("&same"), "[Count(1), Count(6)]");
}

#[test]
fn other_features_and_other_sources_start_the_process_anew() {
    let crates = Crates::new();
    let counter = crates.counter();
    let mut session = Session::new();
    session.ok(&by_path("my-counter", &counter, ""));
    session.ok("let one = my_counter::next();");
    assert_eq!(session.value("my_counter::is_loud()"), "false");
    let ran = session.ok(&by_path("my-counter", &counter, ", features = [\"loud\"]"));
    assert!(ran.stderr().contains("lost: one"), "{}", ran.stderr());
    assert_eq!(session.value("my_counter::is_loud()"), "true");
    assert_eq!(session.value("my_counter::next().0"), "1");

    let source = counter.join("src/lib.rs");
    let text = fs::read_to_string(&source).unwrap();
    fs::write(&source, text.clone() + "\npub fn is_new() -> bool { true }").unwrap();
    session.ok(&by_path("my-counter", &counter, ", features = [\"loud\"]"));
    assert_eq!(
        session.value("my_counter::is_new() && my_counter::is_loud()"),
        "true"
    );

    assert!(
        session
            .ok(":reload")
            .stdout()
            .contains("Nothing has changed")
    );
    fs::write(&source, text + "\npub fn is_newer() -> bool { true }").unwrap();
    session.ok("let kept = 1;");
    let ran = session.ok(":reload");
    assert!(ran.stderr().contains("lost: kept"), "{}", ran.stderr());
    assert_eq!(session.value("my_counter::is_newer()"), "true");
}

#[test]
fn several_at_once_over_several_lines_under_other_names() {
    let crates = Crates::new();
    let counter = crates.counter();
    let plain = crates.write("plain", "", "pub const NAME: &str = \"plain\";");
    let mut session = Session::new();
    session.ok(&format!(
        "// crates\n:dep c = {{\n    package = \"my-counter\", # the same\n    path = {counter:?},\n    \
         features = [\n        \"loud\",\n    ],\n}}\n:dep {}\nlet loud = c::is_loud();",
        plain.display()
    ));
    assert_eq!(session.value("(loud, plain::NAME)"), "(true, \"plain\")");
    let error = session.err("\nlet x: u8 = plain::NAME;");
    assert!(error.text().contains("cell:2:"), "{}", error.text());
}

#[test]
fn a_derive_works() {
    let crates = Crates::new();
    let derive = crates.write(
        "named-derive",
        "[lib]\nproc-macro = true\n",
        "#[proc_macro_derive(Named)]
        pub fn named(item: proc_macro::TokenStream) -> proc_macro::TokenStream {
            let mut words = item.into_iter().map(|token| token.to_string());
            words.find(|word| word == \"struct\");
            let name = words.next().unwrap();
            format!(\"impl ::named::Named for {name} {{ const NAME: &'static str = {name:?}; }}\")
                .parse()
                .unwrap()
        }",
    );
    let named = crates.write(
        "named",
        "[dependencies]\nnamed-derive = { path = \"../named-derive\" }\n",
        "pub use named_derive::Named;\npub trait Named { const NAME: &'static str; }",
    );
    let mut session = Session::new();
    session.ok(&by_path("named", &named, ""));
    session.ok("use named::Named;\n#[derive(Named, Debug)] struct Thing { a: i32 }");
    assert_eq!(session.value("Thing::NAME"), "\"Thing\"");
    // The macro's crate alone.
    let mut session = Session::new();
    session.ok(&format!(
        "{}\nmod named {{ pub trait Named {{ const NAME: &'static str; }} }}",
        by_path("named-derive", &derive, "")
    ));
    session.ok("#[allow(unused)] use named_derive::Named;");
}

#[test]
fn a_build_script_may_bring_native_code() {
    let crates = Crates::new();
    let folder = crates.write(
        "native",
        "",
        "#[link(name = \"lessonsnative\", kind = \"static\")]
        unsafe extern \"C\" { fn lessons_native_add(a: i32, b: i32) -> i32; }
        #[inline] pub fn add(a: i32, b: i32) -> i32 { unsafe { lessons_native_add(a, b) } }",
    );
    fs::write(
        folder.join("build.rs"),
        "use std::process::Command;
        fn main() {
            let out = std::env::var(\"OUT_DIR\").unwrap();
            std::fs::write(format!(\"{out}/add.c\"), \"int lessons_native_add(int a, int b) { return a + b; }\").unwrap();
            let run = |program: &str, arguments: &[&str]| {
                assert!(Command::new(program).args(arguments).current_dir(&out).status().unwrap().success());
            };
            run(\"cc\", &[\"-c\", \"-fPIC\", \"-o\", \"add.o\", \"add.c\"]);
            run(\"ar\", &[\"crs\", \"liblessonsnative.a\", \"add.o\"]);
            println!(\"cargo:rustc-link-search=native={out}\");
        }",
    )
    .unwrap();
    let mut session = Session::new();
    session.ok(&by_path("native", &folder, ""));
    assert_eq!(session.value("native::add(2, 3)"), "5");
}

#[test]
fn what_does_not_build_is_told_in_cargos_words_and_changes_nothing() {
    let crates = Crates::new();
    let broken = crates.write("broken", "", "pub fn f() -> u8 { \"text\" }");
    let mut session = Session::new();
    session.ok("let a = 1;");
    let error = session.err(&by_path("broken", &broken, ""));
    assert_eq!(error.ename, "DependencyError");
    assert!(
        error.text().contains("mismatched types"),
        "{}",
        error.text()
    );
    assert!(
        error.text().contains("could not compile `broken`"),
        "{}",
        error.text()
    );
    assert!(!error.text().contains("Compiling"), "{}", error.text());

    let error = session.err(&by_path("broken", &broken, ", features = [\"none\"]"));
    assert!(error.text().contains("none"), "{}", error.text());
    let error = session.err(":offline 1\n:dep no-such-crate-for-lessons = \"1\"");
    assert!(
        error.text().contains("no-such-crate-for-lessons"),
        "{}",
        error.text()
    );
    for (command, word) in [
        (":dep", "takes a crate"),
        (":dep a b", "no crate's name"),
        (":dep x = { path = \"/nowhere/at/all\" }", "no folder"),
        (":dep lessons", "no prebuilt library"),
    ] {
        let error = session.err(command);
        assert!(error.evalue.contains(word), "{command}: {}", error.evalue);
    }
    assert_eq!(session.value("a"), "1");
    fs::write(broken.join("src/lib.rs"), "pub fn f() -> u8 { 7 }").unwrap();
    session.ok(&by_path("broken", &broken, ""));
    assert_eq!(session.value("a + i32::from(broken::f())"), "8");
}

#[test]
fn two_versions_of_a_crate_that_exclude_each_other_are_an_error() {
    let crates = Crates::new();
    let counter = crates.counter();
    let other = crates.write(
        "other",
        "[dependencies]\nmy-counter = { path = \"../my-counter\", version = \"9\" }\n",
        "",
    );
    let mut session = Session::new();
    session.ok(&by_path("my-counter", &counter, ""));
    let error = session.err(&by_path("other", &other, ""));
    let text = error.text();
    assert!(text.contains("my-counter") && text.contains('9'), "{text}");
    assert_eq!(session.value("my_counter::next().0"), "1");
}

#[test]
fn two_notebooks_may_build_the_same_crate_at_once() {
    let crates = Crates::new();
    let counter = crates.counter();
    let code = by_path("my-counter", &counter, "");
    let build = || {
        let mut session = Session::new();
        session.ok(&code);
        session.value("my_counter::next().0")
    };
    std::thread::scope(|scope| {
        let running = [scope.spawn(build), scope.spawn(build), scope.spawn(build)];
        for answer in running {
            assert_eq!(answer.join().unwrap(), "1");
        }
    });
}

#[test]
fn an_interrupt_stops_the_build_and_loses_nothing() {
    let crates = Crates::new();
    let slow = crates.write("slow", "", "");
    let started = slow.join("started");
    fs::write(
        slow.join("build.rs"),
        format!(
            "fn main() {{ std::fs::write({started:?}, std::process::id().to_string()).unwrap(); \
             std::thread::sleep(std::time::Duration::from_secs(600)); }}"
        ),
    )
    .unwrap();
    let mut session = Session::new();
    session.ok("let a = 1;");
    let begin = std::time::Instant::now();
    let error = session.interrupted_when(&by_path("slow", &slow, ""), || started.exists());
    assert_eq!(error.ename, "Interrupted");
    assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());
    assert_eq!(session.value("a"), "1");
}

/// Runs git in a folder.
fn git(folder: &Path, arguments: &[&str]) -> bool {
    std::process::Command::new("git")
        .args(["-c", "user.name=test", "-c", "user.email=test@localhost"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .is_ok_and(|output| output.status.success())
}

#[test]
fn a_crate_of_a_git_repository_works() {
    let crates = Crates::new();
    let manifest = "[features]\nloud = []\n[lib]\npath = \"src/elsewhere.rs\"\n";
    let folder = crates.write("versioned", manifest, "");
    let code = "/// Says it.\npub fn say() -> &'static str { if cfg!(feature = \"loud\") { \"ONE\" } else { \"one\" } }";
    fs::write(folder.join("src/elsewhere.rs"), code).unwrap();
    if !git(&folder, &["init", "--quiet", "--initial-branch=main"]) {
        println!("skipped: git is not installed");
        return;
    }
    assert!(git(&folder, &["add", "."]));
    assert!(git(&folder, &["commit", "--quiet", "--message=one"]));
    assert!(git(&folder, &["tag", "first"]));
    fs::write(folder.join("src/elsewhere.rs"), code.replace("one", "two")).unwrap();
    assert!(git(
        &folder,
        &["commit", "--quiet", "--all", "--message=two"]
    ));
    let url = format!("file://{}", folder.display());
    let mut session = Session::new();
    session.ok(&format!(
        ":dep versioned = {{ git = {url:?}, tag = \"first\", features = [\"loud\"] }}"
    ));
    assert_eq!(session.value("versioned::say()"), "\"ONE\"");
    session.ok(&format!(":dep versioned = {{ git = {url:?} }}"));
    assert_eq!(session.value("versioned::say()"), "\"two\"");
    // Completion reads its sources, wherever they lie.
    let known = session.crates();
    let (_, root) = known.iter().find(|(name, _)| name == "versioned").unwrap();
    assert!(fs::read_to_string(root).unwrap().contains("\"two\""));
}

/// The one test that asks the registry.
#[test]
fn a_crate_of_the_registry_works() {
    let mut session = Session::new();
    if !session.has_dep("fastrand = \"2\"\n:dep itoa") {
        return;
    }
    session.ok("let mut random = fastrand::Rng::with_seed(7);");
    session.ok("let first = random.u32(..100);");
    assert_eq!(
        session.value("first == fastrand::Rng::with_seed(7).u32(..100)"),
        "true"
    );
    assert_eq!(
        session.value("itoa::Buffer::new().format(12).to_owned()"),
        "\"12\""
    );
}

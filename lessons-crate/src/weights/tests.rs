//! Files that lie, are cut short, or do not fit.

use super::*;
use crate::prelude::*;

fn file() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let tensor = |size: usize| Tensor::zeros((2, size), candle_core::DType::F32, &Cpu).unwrap();
    Weights::from([("a", tensor(3)), ("b", tensor(1))])
        .save(&path)
        .unwrap();
    std::fs::read(path).unwrap()
}

/// A file with this header and as many bytes of data.
fn with_header(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

#[test]
fn a_file_is_read_back() {
    let weights = Weights::from_bytes(&file()).unwrap();
    let names: Vec<_> = weights
        .iter()
        .map(|(name, tensor)| (name, tensor.dims().to_vec()))
        .collect();
    assert_eq!(names, [("a", vec![2, 3]), ("b", vec![2, 1])]);
}

/// A file with a tensor of each dtype that a graph can hold.
fn of_every_dtype() -> (tempfile::TempDir, std::path::PathBuf) {
    use candle_core::DType as D;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let numbers = Tensor::arange(0f32, 30_000.0, &Cpu).unwrap();
    let numbers = (numbers / 250.0).unwrap().reshape((30, 1000)).unwrap();
    let dtypes = [
        D::F64,
        D::F32,
        D::F16,
        D::BF16,
        D::I64,
        D::I32,
        D::U32,
        D::U8,
    ];
    let named = dtypes.map(|dtype| (dtype.as_str(), numbers.to_dtype(dtype).unwrap()));
    Weights::from(named).save(&path).unwrap();
    (folder, path)
}

fn bits(tensor: &Tensor) -> Vec<u64> {
    let flat = tensor.to_dtype(candle_core::DType::F64).unwrap();
    let flat: Vec<f64> = flat.flatten_all().unwrap().to_vec1().unwrap();
    flat.iter().map(|number| number.to_bits()).collect()
}

#[test]
fn what_is_read_piece_by_piece_is_what_is_read_at_once() {
    let (_folder, path) = of_every_dtype();
    let file = Weights::open(&path).unwrap();
    let memory = Weights::from_bytes(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!((file.len(), memory.len()), (8, 8));
    for ((name, stored), (other, there)) in file.iter().zip(memory.iter()) {
        assert_eq!(
            (name, stored.dims(), stored.dtype(), stored.bytes()),
            (other, there.dims(), there.dtype(), there.bytes())
        );
        let (stored, there) = (stored.tensor().unwrap(), there.tensor().unwrap());
        assert_eq!(bits(&stored), bits(&there), "{name}");
    }
}

#[test]
fn a_file_that_has_changed_since_is_an_error() {
    let (_folder, path) = of_every_dtype();
    let whole = std::fs::read(&path).unwrap();
    let weights = Weights::open(&path).unwrap();
    let complaint = || weights.get("u8").unwrap_err().to_string();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(
        complaint().contains("it has changed since it was opened"),
        "{}",
        complaint()
    );
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
    std::fs::write(&path, &whole).unwrap();
    std::fs::File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .set_modified(later)
        .unwrap();
    assert!(
        complaint().contains("w.safetensors: it has changed"),
        "{}",
        complaint()
    );
}

#[test]
fn weights_are_saved_over_the_file_that_they_come_from() {
    let (folder, path) = of_every_dtype();
    let mut weights = Weights::open(&path).unwrap();
    let before = bits(&weights.get("f32").unwrap());
    weights.remove("f64").unwrap();
    weights.save(&path).unwrap();
    assert_eq!(Weights::open(&path).unwrap().len(), 7);
    assert_eq!(bits(&weights.get("f32").unwrap()), before);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_name_that_is_not_there_is_told_with_one_like_it() {
    let (_folder, path) = of_every_dtype();
    let weights = Weights::open(&path).unwrap();
    insta::assert_snapshot!(weights.get("bf61").unwrap_err(), @r"
    there is no `bf61` among these weights

      try: did you mean `bf16`?
    ");
    assert!(
        weights
            .get("position")
            .unwrap_err()
            .to_string()
            .contains("has all names")
    );
}

#[test]
fn a_file_cut_short_anywhere_is_an_error() {
    let bytes = file();
    for end in 0..bytes.len() {
        assert!(
            Weights::from_bytes(&bytes[..end]).is_err(),
            "cut at {end} of {}",
            bytes.len()
        );
    }
}

#[test]
fn headers_that_lie_are_told_apart() {
    let tensor = |dtype: &str, shape: &str, start: u64, end: u64| {
        format!(r#"{{"w":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{start},{end}]}}}}"#)
    };
    let mut long = file();
    long[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    let lies = [
        ("header length", long),
        ("not json", with_header("{nonsense", 8)),
        (
            "offsets past the end",
            with_header(&tensor("F32", "[2]", 0, 800), 8),
        ),
        (
            "offsets backwards",
            with_header(&tensor("F32", "[2]", 8, 0), 8),
        ),
        (
            "shape and size differ",
            with_header(&tensor("F32", "[3]", 0, 8), 8),
        ),
        (
            "shape overflows",
            with_header(&tensor("F32", "[4294967296,4294967296,16]", 0, 8), 8),
        ),
        ("no such dtype", with_header(&tensor("F33", "[2]", 0, 8), 8)),
        (
            "dtype of another size",
            with_header(&tensor("F64", "[2]", 0, 8), 8),
        ),
        (
            "data that belongs to nobody",
            with_header(&tensor("F32", "[2]", 0, 8), 64),
        ),
    ];
    let texts: Vec<_> = lies
        .iter()
        .map(|(what, bytes)| format!("{what}: {}", Weights::from_bytes(bytes).unwrap_err()))
        .collect();
    insta::assert_snapshot!(texts.join("\n---\n"));
}

#[test]
fn all_differences_are_listed_at_once() {
    let graph = Graph::build("linear", |g| {
        let x = g.input("x", f32s(("batch", 4)));
        g.output("y", nn::linear(g, "fc", x, 4, 2));
    })
    .unwrap();
    let tensor = |shape: &[usize]| Tensor::zeros(shape, candle_core::DType::F32, &Cpu).unwrap();
    let weights = Weights::from([("fc.weight", tensor(&[4, 2])), ("fc.b", tensor(&[2]))]);
    insta::assert_snapshot!(weights.check(&graph).unwrap_err());
    let extra = Weights::from([
        ("fc.weight", tensor(&[2, 4])),
        ("fc.bias", tensor(&[2])),
        ("other", tensor(&[1])),
    ]);
    assert!(
        extra
            .check(&graph)
            .unwrap_err()
            .to_string()
            .contains("unexpected: other")
    );
    assert!(Session::cpu().load(&graph, &extra).is_ok());
}

#[test]
fn random_weights_are_the_same_for_the_same_seed() {
    let graph = Graph::build("w", |g| g.output("y", g.weight("w", f32s((2, 3))))).unwrap();
    let values = |seed| {
        let weights = Weights::random(&graph, seed).unwrap();
        weights
            .get("w")
            .unwrap()
            .flatten_all()
            .unwrap()
            .to_vec1::<f32>()
            .unwrap()
    };
    assert_eq!(values(3), values(3));
    assert_ne!(values(3), values(4));
}

#[test]
fn half_precision_weights_become_what_the_graph_declares() {
    let graph = Graph::build("half", |g| {
        let x = g.input("x", f32s((1,)));
        g.output("y", x * g.weight("w", f32s((1,))));
    })
    .unwrap();
    let half = Tensor::new(&[1.5f32], &Cpu)
        .unwrap()
        .to_dtype(candle_core::DType::F16)
        .unwrap();
    let model = Session::cpu()
        .load(&graph, &Weights::from([("w", half)]))
        .unwrap();
    let x = Tensor::new(&[2f32], &Cpu).unwrap();
    assert_eq!(model.call(&x).unwrap().to_vec1::<f32>().unwrap(), [3.0]);
}

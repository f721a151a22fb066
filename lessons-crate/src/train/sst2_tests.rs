use std::ops::ControlFlow;

use super::*;
use crate::train::Silent;

fn tiny_data() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let good = [
        "a fine film",
        "it 's moving and warm",
        "great fun",
        "a joy",
        "wonderful and fine",
    ];
    let bad = [
        "a dull film",
        "it is n't funny",
        "no fun at all",
        "a bore",
        "tedious and dull",
    ];
    let lines: String = (0..40)
        .map(|i| {
            format!(
                "{}\t{} {}\n",
                i % 2,
                if i % 2 == 1 {
                    good[i / 2 % 5]
                } else {
                    bad[i / 2 % 5]
                },
                i
            )
        })
        .collect();
    for file in ["train.tsv", "train-phrases.tsv", "dev.tsv"] {
        std::fs::write(dir.path().join(file), &lines).unwrap();
    }
    dir
}

fn tiny_options(data: &Path, work: &Path) -> Sst2Options {
    let mut options = Sst2Options::new(data, work);
    (
        options.model.dim,
        options.model.hidden_dim,
        options.model.n_heads,
    ) = (16, 32, 2);
    options.model.max_position_embeddings = 32;
    (options.epochs, options.batch_size, options.learning_rate) = (6, 16, 1e-2);
    options.checkpoint_every = 2;
    options
}

struct StopAt(usize);

impl Observer for StopAt {
    fn step(&mut self, step: &Step) -> ControlFlow<()> {
        if step.step == self.0 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

#[test]
fn a_resumed_run_ends_with_the_bits_of_a_straight_one() {
    let data = tiny_data();
    let (straight, stopped) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let options = tiny_options(data.path(), straight.path());
    let whole = train_sst2(&options, &mut Silent).unwrap();
    assert!(whole.finished);
    let (best, _) = whole.best.unwrap();
    assert!(best > 0.9, "the tiny set can be learnt: {best}");

    let mut options = tiny_options(data.path(), stopped.path());
    options.resume = true;
    for stop in [3, 5, 16] {
        assert!(!train_sst2(&options, &mut StopAt(stop)).unwrap().finished);
    }
    let resumed = train_sst2(&options, &mut Silent).unwrap();
    assert_eq!((resumed.finished, resumed.best), (true, whole.best));
    let bytes = |dir: &Path| std::fs::read(dir.join("model/model.safetensors")).unwrap();
    assert!(
        bytes(straight.path()) == bytes(stopped.path()),
        "the best models differ"
    );
    let tensors = |dir: &Path| {
        candle_core::safetensors::load(dir.join("checkpoint.safetensors"), &Device::Cpu).unwrap()
    };
    let (left, right) = (tensors(straight.path()), tensors(stopped.path()));
    for (name, tensor) in &left {
        let flat = |t: &candle_core::Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(flat(tensor), flat(&right[name]), "{name}");
    }

    options.seed += 1;
    let message = train_sst2(&options, &mut Silent).unwrap_err().to_string();
    assert!(message.contains("other options"), "{message}");
}

#[test]
fn a_damaged_checkpoint_is_refused() {
    let data = tiny_data();
    let work = tempfile::tempdir().unwrap();
    let mut options = tiny_options(data.path(), work.path());
    options.resume = true;
    train_sst2(&options, &mut StopAt(1)).unwrap();
    let path = work.path().join("checkpoint.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let message = train_sst2(&options, &mut Silent).unwrap_err().to_string();
    assert!(message.contains("cannot resume from"), "{message}");
}

#[test]
fn the_learning_rate_rises_then_falls_to_zero() {
    let options = Sst2Options {
        warmup: 0.1,
        learning_rate: 1.0,
        ..Sst2Options::new("", "")
    };
    let rates: Vec<f64> = (0..100)
        .map(|step| options.learning_rate_at(step, 100))
        .collect();
    assert!((rates[0] - 0.1).abs() < 1e-12 && (rates[9] - 1.0).abs() < 1e-12);
    assert!(rates[9..].windows(2).all(|pair| pair[1] <= pair[0]));
    assert!(rates[99] > 0.0 && rates[99] < 0.02);
}

#[test]
fn options_that_cannot_work_are_refused() {
    let refused = |change: fn(&mut Sst2Options)| {
        let mut options = Sst2Options::new("nowhere", "nowhere");
        change(&mut options);
        assert!(matches!(
            train_sst2(&options, &mut Silent),
            Err(TrainError::Config(_))
        ));
    };
    refused(|options| options.epochs = 0);
    refused(|options| options.word_dropout = 1.0);
    refused(|options| options.learning_rate = f64::NAN);
}

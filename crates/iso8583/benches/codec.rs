//! Messages a second, cut, read and written, beside PyPI's `pyiso8583` on the same messages in the same run:
//! `cargo bench --package iso8583`. The peer is left out where `cargo xtask test` has not installed it.

use iso8583::{Message, Spec, Tolerance};
use serde_json::{Value, json};
use std::hint::black_box;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const MESSAGES: usize = 20_000;
/// How long each is measured.
const AT_LEAST: Duration = Duration::from_secs(1);

/// An authorisation with chip data, as card hosts see most.
fn message(spec: &Spec, number: usize) -> Message {
    let document = json!({ "mti": "0100", "fields": {
        "2": "4761739001010119", "3": "000000", "4": format!("{:012}", number % 1_000_000), "7": "0601120000",
        "11": format!("{:06}", number % 1_000_000), "12": "120000", "13": "0601", "14": "2812", "18": "5411",
        "22": "051", "25": "00", "32": "123456", "35": "4761739001010119D28122011758928889", "37": "012345678901",
        "41": "TERM0001", "42": "MERCHANT0000001", "43": format!("{:<40}", "Corner Shop, Zurich CH"), "49": "756",
        "52": "0123456789ABCDEF",
        "55": [
            {"tag": "9F26", "value": "1122334455667788"}, {"tag": "9F27", "value": "80"},
            {"tag": "9F10", "value": "06010A03A00000"}, {"tag": "9F37", "value": "01020304"},
            {"tag": "9F36", "value": "0001"}, {"tag": "95", "value": "0000000000"}, {"tag": "9A", "value": "260601"},
            {"tag": "9C", "value": "00"}, {"tag": "5F2A", "value": "0756"}, {"tag": "82", "value": "3800"},
        ],
    } });
    Message::from_json(spec, &document).expect("it is written well")
}

/// How often `work` is done in a second, `count` times each call.
fn per_second(count: usize, mut work: impl FnMut()) -> f64 {
    work();
    let (begun, mut done) = (Instant::now(), 0);
    while begun.elapsed() < AT_LEAST {
        work();
        done += count;
    }
    done as f64 / begun.elapsed().as_secs_f64()
}

/// What the peer makes of the same messages: decoded and encoded in a second.
fn peer(spec: &Spec, messages: &[(Message, Vec<u8>)]) -> Option<(f64, f64)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let venv =
        std::env::var_os("BATZEN_TEST_VENV").map_or_else(|| root.join("target/test-venv"), PathBuf::from);
    let mut child = Command::new(venv.join("bin/python"))
        .arg(root.join("tests/foreign/iso8583_peer.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut input = child.stdin.take()?;
    // It has no TLV: chip data are bytes there.
    let mut table: Value = serde_json::from_str(&spec.to_json()).ok()?;
    table["fields"]["55"].as_object_mut()?.remove("parts");
    let without = Spec::from_json(&table.to_string()).ok()?;
    let mut lines = json!({ "spec": table }).to_string() + "\n";
    for (_, bytes) in messages {
        let message = without.decode(bytes, Tolerance::default()).ok()?;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        lines += &(json!({ "message": message.to_json(), "hex": hex }).to_string() + "\n");
    }
    input.write_all(lines.as_bytes()).ok()?;
    drop(input);
    let told: Value = serde_json::from_slice(&child.wait_with_output().ok()?.stdout).ok()?;
    assert_eq!(told["agreed"], messages.len(), "{told}");
    let rate = |what: &str| Some(messages.len() as f64 / told["seconds"][what].as_f64()?);
    Some((rate("decode")?, rate("encode")?))
}

fn main() {
    let spec = Spec::named("iso8583-1987-ascii").expect("it comes along");
    let messages: Vec<_> = (0..MESSAGES)
        .map(|number| {
            let message = message(&spec, number);
            let bytes = spec.encode(&message).expect("it fits the table");
            (message, bytes)
        })
        .collect();
    let cut = per_second(MESSAGES, || {
        for (_, bytes) in &messages {
            let frame = spec.cut(bytes, Tolerance::default()).expect("it is right");
            black_box(frame.text(4)).ok();
        }
    });
    let decode = per_second(MESSAGES, || {
        for (_, bytes) in &messages {
            black_box(spec.decode(bytes, Tolerance::default())).ok();
        }
    });
    let mut out = Vec::with_capacity(1_024);
    let encode = per_second(MESSAGES, || {
        for (message, _) in &messages {
            out.clear();
            spec.encode_to(message, &mut out).expect("it fits the table");
            black_box(&out);
        }
    });
    println!("{} bytes, {} fields", messages[0].1.len(), messages[0].0.fields.len());
    println!("cut, and one field read   {cut:>12.0} messages/s");
    println!("decode                    {decode:>12.0}");
    println!("encode                    {encode:>12.0}");
    match peer(&spec, &messages) {
        Some((theirs_in, theirs_out)) => println!(
            "pyiso8583: decode {theirs_in:.0}, encode {theirs_out:.0}; ours are {:.0} x and {:.0} x",
            decode / theirs_in,
            encode / theirs_out
        ),
        None => println!("pyiso8583 is not installed: `cargo xtask test` does"),
    }
}

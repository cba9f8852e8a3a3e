"""Which files a composition is made of, so that they can be watched."""

from pathlib import Path

import yaml

__all__ = ["schema_files"]


def schema_files(config: Path) -> list[Path]:
    """The schema files that a supergraph.yaml names, whether they exist or not; of a file that is wrong, what can be
    understood."""
    try:
        content = yaml.safe_load(config.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return []
    subgraphs = content.get("subgraphs") if isinstance(content, dict) else None
    entries = subgraphs.values() if isinstance(subgraphs, dict) else ()
    schemas = [entry.get("schema") for entry in entries if isinstance(entry, dict)]
    names = [schema.get("file") for schema in schemas if isinstance(schema, dict)]
    return [config.parent / name for name in names if isinstance(name, str)]

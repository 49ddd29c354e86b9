"""What makes an installation a policy repository: help in the editor, a hook before commits, a job in CI."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from proxy.editors import schema_text
from proxy.scaffold import SCHEMA, write_new

HOOKS: Final = """\
# Run before each commit by pre-commit (`pre-commit install`); Lychgate has to be installed.
repos:
  - repo: local
    hooks:
      - id: lychgate-fmt
        name: policies are laid out
        language: system
        entry: lychgate policy fmt --check policies
        files: ^policies/
        pass_filenames: false
      - id: lychgate-check
        name: policies can be put in force
        language: system
        entry: lychgate policy check policies
        files: ^policies/
        pass_filenames: false
      - id: lychgate-test
        name: policies do what their tests say
        language: system
        entry: lychgate policy test policies
        files: ^policies/
        pass_filenames: false
      - id: lychgate-schema
        name: editors know today's names
        language: system
        entry: lychgate policy schema --project policies --out .lychgate/schema.json
        files: ^policies/
        pass_filenames: false
"""
WORKFLOW: Final = """\
# An example for GitHub: checks each change of policy, and says in the pull request who may see more, or less.
name: policy
on:
  pull_request:
    paths: ["policies/**"]
  push:
    branches: [main]
permissions:
  contents: read
  pull-requests: write        # for the comment
jobs:
  policy:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0        # `policy plan` compares with the branch that the change goes to
      - run: pipx install "lychgate==0.*"
      - run: lychgate policy fmt --check policies
      - run: lychgate policy check --format github policies
      - run: lychgate policy test --format github policies
      - name: plan
        if: github.event_name == 'pull_request'
        env:
          BASE: ${{ github.base_ref }}
        run: |
          code=0
          lychgate policy plan "origin/$BASE...HEAD" --policies policies --format markdown > plan.md || code=$?
          cat plan.md >> "$GITHUB_STEP_SUMMARY"
          case "$code" in
            0|10) ;;            # nothing changed, or only tightened
            11) echo "::warning::This change lets somebody see or do more; see the plan." ;;
            *) exit "$code" ;;
          esac
      - name: comment
        if: github.event_name == 'pull_request'
        env:
          GH_TOKEN: ${{ github.token }}
          NUMBER: ${{ github.event.pull_request.number }}
        run: gh pr comment "$NUMBER" --edit-last --create-if-none --body-file plan.md
"""


def furnish(folder: Path) -> Iterator[tuple[bool, Path]]:
    """Write what is missing beside an installation's policies, and yield each path as `scaffold` does.

    Raises:
        OSError: something cannot be written.
        Problems: there are no policies.
    """
    (folder / SCHEMA).parent.mkdir(exist_ok=True)
    (folder / ".github" / "workflows").mkdir(parents=True, exist_ok=True)
    yield write_new(folder / ".pre-commit-config.yaml", HOOKS.encode())
    yield write_new(folder / ".github" / "workflows" / "policy.yml", WORKFLOW.encode())
    yield write_new(folder / SCHEMA, schema_text(folder / "policies").encode())

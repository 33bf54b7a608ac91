"""Which tokens may come next under a `Constraint`, for a model that runs in this process; by XGrammar, as in vLLM."""

from __future__ import annotations

import json
from typing import Any, Protocol

from ...episodes.schema.model import Constraint
from ...tools.errors import ModelError


class Rule(Protocol):
    """What an answer has to look like, as it grows."""

    def allow(self, logits: Any) -> None:
        """Makes every token impossible that may not come next, in place."""
        ...

    def took(self, token: int) -> bool:
        """Notes the token that was chosen; says whether the answer is complete."""
        ...


class Constrainer:
    """Makes rules for one tokenizer.

    Args:
        tokenizer: Of transformers.
        vocabulary: How many logits there are.
        end: The token that ends an answer.

    Raises:
        ImportError: XGrammar is not installed.
    """

    def __init__(self, tokenizer: Any, vocabulary: int, end: int) -> None:
        import xgrammar

        self._vocabulary = vocabulary
        known = xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=vocabulary, stop_token_ids=[end])
        self._compiler = xgrammar.GrammarCompiler(known)

    def rule(self, constraint: Constraint) -> Rule:
        """The rule of a constraint.

        Raises:
            ModelError: It cannot be read.
        """
        import xgrammar

        try:
            return _Matching(xgrammar.GrammarMatcher(self._compile(constraint)), self._vocabulary)
        except (RuntimeError, ValueError, TypeError) as error:
            raise ModelError(f"the constraint on the answer ({constraint.kind}) cannot be read: {error}") from error

    def _compile(self, constraint: Constraint) -> Any:
        value = constraint.value
        text = value if isinstance(value, str) else json.dumps(value)
        match constraint.kind:
            case "json_schema":
                # no whitespace at all, as `handeye serve` has vLLM do it
                return self._compiler.compile_json_schema(text, any_whitespace=False, separators=(",", ":"))
            case "regex":
                return self._compiler.compile_regex(text)
            case "grammar":
                return self._compiler.compile_grammar(text)
            case "structural_tag":
                return self._compiler.compile_structural_tag(text)
            case "choice":
                words = value if isinstance(value, list) else [value]
                return self._compiler.compile_grammar("root ::= " + " | ".join(json.dumps(str(word)) for word in words))


class _Matching:
    def __init__(self, matcher: Any, vocabulary: int) -> None:
        import xgrammar

        self._matcher = matcher
        self._bits = xgrammar.allocate_token_bitmask(1, vocabulary)
        self._apply = xgrammar.apply_token_bitmask_inplace

    def allow(self, logits: Any) -> None:
        self._matcher.fill_next_token_bitmask(self._bits)
        self._apply(logits[None], self._bits)

    def took(self, token: int) -> bool:
        self._matcher.accept_token(token)
        ended: bool = self._matcher.is_terminated()
        return ended

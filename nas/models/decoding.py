"""Decoding: translations token by token, by greedy or beam search, batched.

Every attention kind is computed step by step: softmax keeps its keys and values, linear kinds sums of constant size.
The hypotheses of a sentence share what is kept of the source. A hypothesis is worth the sum of its tokens'
log-probabilities divided by its length (with the end) to the power of the length penalty, as in fairseq; a sentence is
finished once as many hypotheses have ended as its beam is wide.

Shapes: B sentences, G hypotheses of each, R = B * G rows, C candidates, S source tokens, V vocabulary.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from nas.models.decoder_steps import PackedDecoder, Steps
from nas.models.seq2seq import BEGIN, END, PAD, Seq2Seq
from nas.system.ranges import Range, check

NEVER = -1e9
"""Log-probability of what must not be chosen; finite, so that sums of it stay comparable."""


@dataclass(frozen=True)
class Decoding:
    """How translations are searched. Raises: ValueError if a setting is out of range or contradicts another."""

    beam: Annotated[int, Range(1, 1_000)] = 5
    """Hypotheses of a sentence; 1 is greedy."""
    length_penalty: Annotated[float, Range(-10, 10)] = 1.0
    """Power of the length that scores are divided by; 0 prefers short translations."""
    most_tokens: Annotated[int, Range(1, 100_000)] | None = None
    """Tokens of a translation, the end not counted; None: twice the source's and 10."""
    least_tokens: Annotated[int, Range(0, 100_000)] = 0
    """Tokens before a translation may end."""

    def __post_init__(self) -> None:
        check(self)
        if self.most_tokens is not None and self.most_tokens < self.least_tokens:
            raise ValueError(f"most_tokens = {self.most_tokens} is below least_tokens = {self.least_tokens}")


Tokens = list[int]


def decode(network: Seq2Seq, source_BS: Tensor, decoding: Decoding) -> list[Tokens]:
    """The best translation of each sentence, without its ends.

    Args:
        source_BS: Tokens, filled up with PAD.
    """
    return Translator(network)(source_BS, decoding)


class Translator:
    """A network made ready to decode many batches, with its weights as they are now; in evaluation mode from here."""

    def __init__(self, network: Seq2Seq) -> None:
        self._packed = PackedDecoder(network.eval())

    @torch.inference_mode()
    def __call__(self, source_BS: Tensor, decoding: Decoding) -> list[Tokens]:
        """As `decode`."""
        search = _Search(self._packed, source_BS, decoding)
        while search.sentences:
            search.advance()
        return [max(found)[1] for found in search.finished]


class _Search:
    """Beam search over a batch; sentences that are finished leave it."""

    def __init__(self, decoder: PackedDecoder, source_BS: Tensor, decoding: Decoding) -> None:
        self.decoding = decoding
        self.steps = Steps(decoder, source_BS, decoding.beam, decoding.least_tokens, decoding.most_tokens)
        self.most = self.steps.most_B.tolist()
        self.sentences = list(range(len(source_BS)))
        """Those that are not finished, by their number in the batch."""
        self.finished: list[list[tuple[float, Tokens]]] = [[] for _ in self.sentences]
        """Hypotheses that have ended, with their worth."""
        device, beam = source_BS.device, decoding.beam
        # all hypotheses of a sentence are equal at first, so one of them counts
        self.score_BG = torch.full((len(source_BS), beam), NEVER, device=device)
        self.score_BG[:, 0] = 0.0
        self.tokens_R = torch.full((len(source_BS) * beam,), BEGIN, device=device)
        self.tokens_RT = self.tokens_R.new_empty(len(self.tokens_R), 0)
        self.rows_R = torch.arange(len(self.tokens_R), device=device)

    def advance(self) -> None:
        """Add a token to every hypothesis."""
        beam, length = self.decoding.beam, self.tokens_RT.shape[1]
        worth_BC, row_BC, token_BC = self._candidates(length)
        if length < min(self.most[sentence] for sentence in self.sentences) and not bool((token_BC == END).any()):
            self._go_on(worth_BC[:, :beam], row_BC[:, :beam], token_BC[:, :beam])
            return
        places = self._continued(worth_BC.tolist(), row_BC.tolist(), token_BC.tolist(), length)
        left = [place for place, sentence in enumerate(self.sentences) if not self._done(sentence, length)]
        all_left = len(left) == len(self.sentences)
        self.sentences = [self.sentences[place] for place in left]
        if not left:
            return
        left_B, chosen_BG = (torch.tensor(x, device=row_BC.device) for x in (left, [places[place] for place in left]))
        self._go_on(*(x_BC[left_B].gather(1, chosen_BG) for x_BC in (worth_BC, row_BC, token_BC)))
        if not all_left:
            self.rows_R = self.rows_R[: len(left) * beam]
            self.steps.drop(left_B)

    def _go_on(self, worth_BG: Tensor, row_BG: Tensor, token_BG: Tensor) -> None:
        """Go on with these hypotheses and their next tokens."""
        rows_R, self.tokens_R, self.score_BG = row_BG.flatten(), token_BG.flatten(), worth_BG
        # greedy search never moves a hypothesis
        if not torch.equal(rows_R, self.rows_R):
            self.tokens_RT = self.tokens_RT.index_select(0, rows_R)
            self.steps.select(rows_R)
        self.tokens_RT = torch.cat((self.tokens_RT, self.tokens_R[:, None]), 1)

    def _candidates(self, length: int) -> tuple[Tensor, Tensor, Tensor]:
        """The best 2 * G ways to go on, best first: sum of log-probabilities, row of the hypothesis, token; each BC.

        Greedy, the best one and its score.
        """
        batch, beam = self.score_BG.shape
        scores_RV = self.steps.next(self.tokens_R)
        vocabulary = scores_RV.shape[1]
        if beam == 1:
            # the best token is the same before normalisation, and it alone counts
            self._allow(scores_RV[:, None], length)
            best_R1, token_R1 = scores_RV.max(1, keepdim=True)
            return best_R1, self.rows_R[:, None], token_R1
        worth_BGV = scores_RV.log_softmax(-1).view(batch, beam, vocabulary)
        self._allow(worth_BGV, length)
        worth_BGV.add_(self.score_BG[:, :, None])
        worth_BC, place_BC = worth_BGV.flatten(1).topk(min(2 * beam, beam * vocabulary))
        first_B1 = self.rows_R[::beam, None]
        return worth_BC, place_BC.div(vocabulary, rounding_mode="floor").add_(first_B1), place_BC % vocabulary

    def _allow(self, worth_BGV: Tensor, length: int) -> None:
        """Forbid the end before the least number of tokens, and all else after the most."""
        forbidden = (PAD, BEGIN, END) if length < self.decoding.least_tokens else (PAD, BEGIN)
        for token in forbidden:
            worth_BGV.select(2, token).fill_(NEVER)
        ends = [place for place, sentence in enumerate(self.sentences) if length >= self.most[sentence]]
        if ends:
            end_BG = worth_BGV[ends, :, END]
            worth_BGV[ends] = NEVER
            worth_BGV[ends, :, END] = end_BG

    def _continued(
        self, worth: list[list[float]], rows: list[Tokens], tokens: list[Tokens], length: int
    ) -> list[Tokens]:
        """The candidates of each sentence that go on; of the best G, those that end are finished."""
        beam, power = self.decoding.beam, self.decoding.length_penalty
        found = []
        for place, sentence in enumerate(self.sentences):
            for candidate in range(min(beam, len(worth[place]))):
                value = worth[place][candidate]
                if tokens[place][candidate] == END and value > NEVER / 2 and len(self.finished[sentence]) < beam:
                    text = self.tokens_RT[rows[place][candidate]].tolist()
                    self.finished[sentence].append((value / (length + 1) ** power, text))
            going = [candidate for candidate, token in enumerate(tokens[place]) if token != END]
            found.append((going + [0] * beam)[:beam])
        return found

    def _done(self, sentence: int, length: int) -> bool:
        return len(self.finished[sentence]) >= self.decoding.beam or length >= self.most[sentence]

"""Decoding: translations token by token, by greedy or beam search, batched.

Every attention kind is computed step by step: softmax keeps its keys and values, linear kinds sums of constant size.
The hypotheses of a sentence share what is kept of the source. A hypothesis is worth the sum of its tokens'
log-probabilities divided by its length (with the end) to the power of the length penalty, as in fairseq; a sentence is
finished once as many hypotheses have ended as its beam is wide.

Shapes: B sentences, G hypotheses of each, R = B * G rows, S source tokens, D embedding width, V vocabulary.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from nas.models.seq2seq import BEGIN, END, PAD, Seq2Seq

NEVER = -1e9
"""Log-probability of what must not be chosen; finite, so that sums of it stay comparable."""


@dataclass(frozen=True)
class Decoding:
    """How translations are searched. Raises: ValueError if the beam is empty or a limit contradicts another."""

    beam: int = 5
    """Hypotheses of a sentence; 1 is greedy."""
    length_penalty: float = 1.0
    """Power of the length that scores are divided by; 0 prefers short translations."""
    most_tokens: int | None = None
    """Tokens of a translation, the end not counted; None: twice the source's and 10."""
    least_tokens: int = 0
    """Tokens before a translation may end."""

    def __post_init__(self) -> None:
        if self.beam < 1:
            raise ValueError(f"beam = {self.beam} must be at least 1")
        if self.least_tokens < 0 or (self.most_tokens is not None and self.most_tokens < max(self.least_tokens, 1)):
            raise ValueError(
                f"most_tokens = {self.most_tokens} is below least_tokens = {self.least_tokens}, or below 1"
            )


Tokens = list[int]


@torch.no_grad()
def decode(network: Seq2Seq, source_BS: Tensor, decoding: Decoding) -> list[Tokens]:
    """The best translation of each sentence, without its ends.

    Args:
        source_BS: Tokens, filled up with PAD.
    """
    search = _Search(network.eval(), source_BS, decoding)
    while search.sentences:
        search.advance()
    return [max(found)[1] for found in search.finished]


class _Steps:
    """A network's decoder between two tokens: R rows, G for each of B sources."""

    def __init__(self, network: Seq2Seq, source_BS: Tensor, beam: int) -> None:
        sources, self.most_B = network.encode(source_BS)
        span_R = self.most_B.repeat_interleave(beam)
        self.network, self.beam, self.place = network, beam, 0
        self.own = [layer.self_attention.attention.start(None, None, span_R) for layer in network.decoder]
        self.across = [
            layer.cross_attention.attention.start(*sources[seen], self.most_B)
            for layer, seen in zip(network.decoder, network.layers_seen, strict=True)
        ]

    def next(self, tokens_R: Tensor) -> Tensor:
        """Scores of the token after these, RV."""
        network, rows = self.network, len(tokens_R)
        x_R1D = network.embedding(tokens_R[:, None], network.widths[1], self.place)
        for number, layer in enumerate(network.decoder):
            own, across = layer.self_attention, layer.cross_attention
            mixed_R1D, self.own[number] = own.attention.step(self.own[number], own.norm(x_R1D))
            x_R1D = x_R1D + mixed_R1D
            # the hypotheses of a sentence are queries of one source
            normed_BGD = across.norm(x_R1D).view(rows // self.beam, self.beam, -1)
            mixed_BGD, self.across[number] = across.attention.step(self.across[number], normed_BGD)
            x_R1D = layer.ffn(x_R1D + mixed_BGD.view(rows, 1, -1))
        self.place += 1
        return network.scores(x_R1D)[:, 0]

    def select(self, rows_R: Tensor) -> None:
        """Go on with these rows."""
        self.own = [state.select(rows_R) for state in self.own]

    def drop(self, sentences_B: Tensor) -> None:
        """Go on with these sentences alone."""
        self.across = [state.select(sentences_B) for state in self.across]


class _Search:
    """Beam search over a batch; sentences that are finished leave it."""

    def __init__(self, network: Seq2Seq, source_BS: Tensor, decoding: Decoding) -> None:
        self.decoding = decoding
        self.steps = _Steps(network, source_BS, decoding.beam)
        most_B = self.steps.most_B
        if decoding.most_tokens is not None:
            most_B = most_B.clamp_max(decoding.most_tokens)
        self.most = most_B.tolist()
        self.sentences = list(range(len(source_BS)))
        """Those that are not finished, by their number in the batch."""
        self.finished: list[list[tuple[float, Tokens]]] = [[] for _ in self.sentences]
        """Hypotheses that have ended, with their worth."""
        device = source_BS.device
        # all hypotheses of a sentence are equal at first, so one of them counts
        self.score_BG = torch.full((len(source_BS), decoding.beam), NEVER, device=device)
        self.score_BG[:, 0] = 0.0
        self.tokens_BGT = torch.full((len(source_BS), decoding.beam, 1), BEGIN, device=device)

    def advance(self) -> None:
        """Add a token to every hypothesis."""
        worth_BC, row_BC, token_BC = self._candidates()
        places = self._continued(worth_BC.tolist(), row_BC.tolist(), token_BC.tolist())
        left = [place for place, sentence in enumerate(self.sentences) if not self._done(sentence)]
        if not left:
            self.sentences = []
            return
        chosen_BG = torch.tensor([places[place] for place in left], device=row_BC.device)
        left_B = torch.tensor(left, device=row_BC.device)
        row_BG, token_BG = (x_BC[left_B].gather(1, chosen_BG) for x_BC in (row_BC, token_BC))
        self.score_BG = worth_BC[left_B].gather(1, chosen_BG)
        rows_R = (left_B[:, None] * self.decoding.beam + row_BG).flatten()
        self.tokens_BGT = torch.cat((self.tokens_BGT.flatten(0, 1)[rows_R], token_BG.view(-1, 1)), 1)
        self.tokens_BGT = self.tokens_BGT.view(len(left), self.decoding.beam, -1)
        self.steps.select(rows_R)
        if len(left) < len(self.sentences):
            self.sentences = [self.sentences[place] for place in left]
            self.steps.drop(left_B)

    def _candidates(self) -> tuple[Tensor, Tensor, Tensor]:
        """The best 2 * G ways to go on, best first: sum of log-probabilities, hypothesis and token, each BC."""
        beam = self.decoding.beam
        scores_RV = self.steps.next(self.tokens_BGT[:, :, -1].flatten())
        total_R1 = scores_RV.logsumexp(-1, keepdim=True)
        self._allow(scores_RV)
        best_RC, token_RC = scores_RV.topk(min(2 * beam, scores_RV.shape[-1]), -1)
        worth_BGC = (best_RC - total_R1).view(*self.score_BG.shape, -1) + self.score_BG[:, :, None]
        worth_BC, place_BC = worth_BGC.flatten(1).topk(min(2 * beam, worth_BGC[0].numel()), -1)
        token_BC = token_RC.view(len(worth_BC), -1).gather(1, place_BC)
        return worth_BC, place_BC.div(token_RC.shape[-1], rounding_mode="floor"), token_BC

    def _allow(self, scores_RV: Tensor) -> None:
        """Forbid the end before the least number of tokens, and all else after the most."""
        scores_RV[:, (PAD, BEGIN)] = NEVER
        length = self.tokens_BGT.shape[-1] - 1
        if length < self.decoding.least_tokens:
            scores_RV[:, END] = NEVER
        ends = [place for place, sentence in enumerate(self.sentences) if length >= self.most[sentence]]
        if ends:
            scores_BGV = scores_RV.view(*self.score_BG.shape, -1)
            end_BG = scores_BGV[ends, :, END]
            scores_BGV[ends] = NEVER
            scores_BGV[ends, :, END] = end_BG

    def _continued(self, worth: list[list[float]], rows: list[Tokens], tokens: list[Tokens]) -> list[Tokens]:
        """Of each sentence the candidates that go on; of the best G, those that end are finished."""
        beam, power = self.decoding.beam, self.decoding.length_penalty
        length = self.tokens_BGT.shape[-1]
        found = []
        for place, sentence in enumerate(self.sentences):
            for candidate in range(min(beam, len(worth[place]))):
                value = worth[place][candidate]
                if tokens[place][candidate] == END and value > NEVER / 2 and len(self.finished[sentence]) < beam:
                    text = self.tokens_BGT[place, rows[place][candidate], 1:].tolist()
                    self.finished[sentence].append((value / length**power, text))
            going = [candidate for candidate, token in enumerate(tokens[place]) if token != END]
            found.append((going + [0] * beam)[:beam])
        return found

    def _done(self, sentence: int) -> bool:
        length = self.tokens_BGT.shape[-1] - 1
        return len(self.finished[sentence]) >= self.decoding.beam or length >= self.most[sentence]

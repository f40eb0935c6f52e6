"""Published networks for WMT14 English to German, newstest2014, in HAT's convention of costs.

Sources: Wang et al. 2020 (HAT), arXiv:2005.14187; Vaswani et al. 2017, arXiv:1706.03762; So et al. 2019 (Evolved
Transformer), arXiv:1901.11117. GFLOPs were published as two for each multiply-add, so the costs here are half of them.
"""

from nas.tasks.reference import Reference

_COUNTED = "WMT14 En-De, newstest2014; 30 tokens to 30 tokens without embeddings and output layer"
_TOKENISED = f"{_COUNTED}; tokenised BLEU, which exceeds sacreBLEU by 0.2 to 0.7"
_HAT = "HAT, arXiv:2005.14187"


def _reference(name: str, bleu: float, gflops: float, millions: float, source: str, setting: str) -> Reference:
    """Args: gflops: As published. millions: Of parameters, without embeddings."""
    costs = {"body_flops": gflops * 1e9 / 2, "body_parameters": millions * 1e6}
    return Reference(name, bleu, costs, source, setting)


PUBLISHED = (
    _reference("Transformer-big (tokenised)", 28.4, 10.6, 176, "arXiv:1706.03762, costs after HAT", _TOKENISED),
    _reference("Evolved Transformer (tokenised)", 28.2, 2.9, 47, "arXiv:1901.11117, costs after HAT", _TOKENISED),
    *(
        _reference("HAT", bleu, gflops, millions, f"{_HAT}, networks for Raspberry Pi", f"{_COUNTED}; sacreBLEU")
        for bleu, gflops, millions in (
            (25.6, 1.53, 25.2),
            (26.6, 1.78, 29.4),
            (27.1, 2.19, 35.7),
            (27.2, 2.26, 36.8),
            (27.6, 2.70, 44.1),
            (27.8, 3.02, 48.3),
        )
    ),
    _reference("HAT", 27.9, 3.53, 56.7, f"{_HAT}, the largest for Xeon", f"{_COUNTED}; sacreBLEU"),
)

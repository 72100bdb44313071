"""How good a ranking is, how sure that is, and whether another is better. For arrays of scores, and for lists of ids.

    values = measure_scores(scores, right)                      # by measure, one number a question
    measured = summarize(values, groups)                        # means with intervals
    won = compare(old["mrr"], values["mrr"], groups).won        # better, and not by chance

`content_groups` and `split` keep what is alike on one side, so that nothing of what is asked was learnt from.
"""

from fusion.evaluation.groups import content_groups, split
from fusion.evaluation.measures import measure_rankings, measure_scores
from fusion.evaluation.reports import compare_reports, report
from fusion.evaluation.resampling import compare, interval, summarize

__all__ = [
    "compare",
    "compare_reports",
    "content_groups",
    "interval",
    "measure_rankings",
    "measure_scores",
    "report",
    "split",
    "summarize",
]

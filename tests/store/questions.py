"""Sixty points, and what they are asked: filters, queries, groups, what is wrong, and what the engine lacks."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from qdrant_client import models as m

from .conftest import uid

COUNT = 60
RNG = np.random.default_rng(7)
TEXT, IMAGE = RNG.normal(size=4).tolist(), RNG.normal(size=3).tolist()
OTHER = RNG.normal(size=4).tolist()
LATE = RNG.normal(size=(3, 2)).tolist()
WORDS = m.SparseVector(indices=[1, 3, 101], values=[1.0, 0.7, 0.4])


def collection() -> list[m.PointStruct]:
    """Sixty points; each lacks something that others have."""
    rng = np.random.default_rng(3)
    points = []
    for number in range(1, COUNT + 1):
        vectors: dict[str, Any] = {
            "text": rng.normal(size=4).tolist(),
            "image": rng.normal(size=3).tolist(),
            "late": rng.normal(size=(1 + number % 4, 2)).tolist(),
            "words": m.SparseVector(
                indices=[number % 5, 100 + number % 3], values=[float(rng.uniform(0.1, 2)), float(rng.uniform(0.1, 2))]
            ),
        }
        if number % 6 == 0:
            del vectors["image"]
        if number % 7 == 0:
            del vectors["late"], vectors["words"]
        payload: dict[str, Any] = {
            "source": ["holiday", "work"][number % 2],
            "path": f"trip/{number}.jpg",
            "folder": "trip",
            "item": uid(1 + number // 3),
            "segment": number % 3,
            "state": "indexed",
            "modality": ["text", "image", "audio"][number % 3],
            "size": 100 * number,
            "modified": f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}T12:00:00Z",
            "score": number / 7,
            "flag": number % 2 == 0,
            "place": {"lon": number - 30.0, "lat": 30.0 - number / 2},
            "people": [{"name": "ann", "age": number}, {"name": "bob", "age": number % 10}][: number % 3],
            "info": {"tags": [["red", "sea"], ["sea"], []][number % 3], "title": f"The {number} blue boats at sea"},
        }
        if number % 5 == 0:
            payload["note"] = None
        elif number % 5 == 1:
            payload["note"] = "a note"
        points.append(m.PointStruct(id=uid(number), vector=vectors, payload=payload))
    return points


def field(key: str, **condition: Any) -> m.FieldCondition:
    return m.FieldCondition(key=key, **condition)


def must(*conditions: Any) -> m.Filter:
    return m.Filter(must=list(conditions))


def corners(*pairs: tuple[float, float]) -> m.GeoLineString:
    return m.GeoLineString(points=[m.GeoPoint(lon=lon, lat=lat) for lon, lat in pairs])


IMAGES = field("modality", match=m.MatchValue(value="image"))
FILTERS: dict[str, m.Filter] = {
    "empty": m.Filter(),
    "match keyword": must(IMAGES),
    "match integer": must(field("segment", match=m.MatchValue(value=2))),
    "match nested key": must(field("info.tags", match=m.MatchValue(value="red"))),
    "match any keyword": must(field("modality", match=m.MatchAny(any=["image", "audio"]))),
    "match any integer": must(field("segment", match=m.MatchAny(any=[0, 2]))),
    "match any of nothing": must(field("modality", match=m.MatchAny(any=[]))),
    "match except": must(field("modality", match=m.MatchExcept(**{"except": ["image"]}))),
    "match except integer": must(field("segment", match=m.MatchExcept(**{"except": [0, 1]}))),
    "match in arrays of objects": must(field("people[].name", match=m.MatchValue(value="bob"))),
    "range": must(field("size", range=m.Range(gt=500, lte=2000))),
    "range of floats": must(field("score", range=m.Range(gte=1.5, lt=4))),
    "range in arrays": must(field("people[].age", range=m.Range(gte=50))),
    "dates": must(field("modified", range=m.DatetimeRange(gte=datetime(2026, 3, 1, tzinfo=UTC), lt=date(2026, 8, 1)))),
    "date and time without zone": must(field("modified", range=m.DatetimeRange(lt=datetime(2026, 5, 4, 12)))),
    "geo box": must(
        field(
            "place",
            geo_bounding_box=m.GeoBoundingBox(
                top_left=m.GeoPoint(lon=-10, lat=25), bottom_right=m.GeoPoint(lon=9, lat=5)
            ),
        )
    ),
    "geo radius": must(field("place", geo_radius=m.GeoRadius(center=m.GeoPoint(lon=0, lat=15), radius=900_000))),
    "geo polygon": must(
        field("place", geo_polygon=m.GeoPolygon(exterior=corners((-20, 0), (20, 0), (20, 30), (-20, 30), (-20, 0))))
    ),
    "geo polygon with a hole": must(
        field(
            "place",
            geo_polygon=m.GeoPolygon(
                exterior=corners((-20, 0), (20, 0), (20, 30), (-20, 30), (-20, 0)),
                interiors=[corners((-5, 5), (5, 5), (5, 25), (-5, 25), (-5, 5))],
            ),
        )
    ),
    "values count": must(field("info.tags", values_count=m.ValuesCount(gte=2))),
    "values count of nothing": must(field("info.tags", values_count=m.ValuesCount(lt=1))),
    "is empty": must(m.IsEmptyCondition(is_empty=m.PayloadField(key="note"))),
    "is empty array": must(m.IsEmptyCondition(is_empty=m.PayloadField(key="info.tags"))),
    "is null": must(m.IsNullCondition(is_null=m.PayloadField(key="note"))),
    "is empty, other spelling": must(field("note", is_empty=True)),
    "is null, other spelling": must(field("note", is_null=True)),
    "has id": must(m.HasIdCondition(has_id=[uid(3), uid(4), uid(99)])),
    "has vector": must(m.HasVectorCondition(has_vector="image")),
    "has no vector": m.Filter(must_not=[m.HasVectorCondition(has_vector="late")]),
    "nested": must(
        m.NestedCondition(
            nested=m.Nested(
                key="people",
                filter=must(field("name", match=m.MatchValue(value="bob")), field("age", range=m.Range(gt=4))),
            )
        )
    ),
    "should": m.Filter(should=[IMAGES, field("size", range=m.Range(lt=400))]),
    "must not": m.Filter(must_not=[IMAGES]),
    "min should": m.Filter(
        min_should=m.MinShould(
            conditions=[IMAGES, field("segment", match=m.MatchValue(value=1)), field("size", range=m.Range(lt=3000))],
            min_count=2,
        )
    ),
    "all together": m.Filter(
        must=[field("source", match=m.MatchValue(value="holiday"))],
        should=[IMAGES, m.Filter(must_not=[field("size", range=m.Range(gt=2000))])],
        must_not=[m.HasIdCondition(has_id=[uid(10)])],
    ),
    "one condition without a list": m.Filter(must=IMAGES),
    "match text": must(field("info.title", match=m.MatchText(text="17 blue"))),
    "match any text": must(field("info.title", match=m.MatchTextAny(text_any="17 18 nothing"))),
    "match phrase": must(field("info.title", match=m.MatchPhrase(phrase="17 blue boats"))),
    "match prefix": must(field("path", match=m.MatchPrefix(prefix="trip/1"))),
    "match substring": must(field("path", match=m.MatchSubstring(substring="p/2"))),
}


def near(**more: Any) -> m.QueryRequest:
    return m.QueryRequest(**{"query": TEXT, "using": "text", "limit": 10, **more})


def stage(**more: Any) -> m.Prefetch:
    return m.Prefetch(**{"query": TEXT, "using": "text", "limit": 20, **more})


BY_TEXT, BY_IMAGE = stage(), stage(query=IMAGE, using="image")
BY_WORDS, BY_LATE = stage(query=WORDS, using="words"), stage(query=LATE, using="late")


def example(
    strategy: m.RecommendStrategy | None, positive: list[Any], negative: list[Any], using: str
) -> m.QueryRequest:
    query = m.RecommendQuery(recommend=m.RecommendInput(positive=positive, negative=negative, strategy=strategy))
    return near(query=query, using=using)


def formula(expression: Any, **defaults: Any) -> m.QueryRequest:
    return near(prefetch=BY_TEXT, query=m.FormulaQuery(formula=expression, defaults=defaults), using=None)


PAIRS = [m.ContextPair(positive=uid(3), negative=uid(4)), m.ContextPair(positive=TEXT, negative=uid(8))]
BEST, SUM, AVERAGE = m.RecommendStrategy.BEST_SCORE, m.RecommendStrategy.SUM_SCORES, m.RecommendStrategy.AVERAGE_VECTOR
QUERIES: dict[str, m.QueryRequest] = {
    "nearest": near(),
    "nearest by dot product": near(query=IMAGE, using="image"),
    "nearest, wrapped": near(query=m.NearestQuery(nearest=TEXT)),
    "nearest with filter": near(filter=must(IMAGES)),
    "nearest with offset": near(offset=7, limit=5),
    "nearest beyond the end": near(limit=1000),
    "nearest above a score": near(score_threshold=0.5),
    "nearest, exactly": near(params=m.SearchParams(exact=True)),
    "nearest, no limit named": m.QueryRequest(query=TEXT, using="text"),
    "late interaction": near(query=LATE, using="late"),
    "late interaction with one vector": near(query=LATE[:1], using="late"),
    "sparse": near(query=WORDS, using="words"),
    "sparse with IDF of a part": near(
        query=WORDS, using="words", params=m.SearchParams(idf=m.IdfCorpusParams(corpus=must(IMAGES)))
    ),
    "by id": near(query=uid(5)),
    "by id, wrapped": near(query=m.NearestQuery(nearest=uid(5))),
    "by id, late": near(query=uid(5), using="late"),
    "by id, sparse": near(query=uid(5), using="words"),
    "by id with filter": near(query=uid(5), filter=m.Filter(must_not=[IMAGES, m.HasIdCondition(has_id=[uid(9)])])),
    "all of them": m.QueryRequest(limit=100),
    "all that pass": m.QueryRequest(limit=100, filter=must(IMAGES), with_payload=True),
    "ordered": near(query=m.OrderByQuery(order_by="size"), using=None),
    "ordered downwards with filter": near(
        query=m.OrderByQuery(order_by=m.OrderBy(key="size", direction=m.Direction.DESC)),
        using=None,
        filter=must(IMAGES),
    ),
    "ordered from": near(query=m.OrderByQuery(order_by=m.OrderBy(key="size", start_from=1234)), using=None),
    "ordered by date": near(query=m.OrderByQuery(order_by="modified"), using=None, limit=12),
    "recommend by average": example(AVERAGE, [uid(1), uid(2)], [uid(3)], "text"),
    "recommend, no strategy named": example(None, [uid(1), TEXT], [], "text"),
    "recommend by average, dot product": example(AVERAGE, [uid(1), uid(2)], [uid(3), IMAGE], "image"),
    "recommend by average, late": example(AVERAGE, [uid(1), uid(2)], [uid(3)], "late"),
    "recommend by average, sparse": example(AVERAGE, [uid(1), uid(2)], [uid(3)], "words"),
    "recommend by best score": example(BEST, [uid(1), TEXT], [uid(3)], "text"),
    "recommend against": example(BEST, [], [uid(3), OTHER], "text"),
    "recommend by best score, late": example(BEST, [uid(1), LATE], [uid(3)], "late"),
    "recommend by best score, sparse": example(BEST, [uid(1), WORDS], [uid(3)], "words"),
    "recommend by sum": example(SUM, [uid(1), TEXT], [uid(3), OTHER], "text"),
    "recommend by sum, dot product": example(SUM, [uid(1), IMAGE], [uid(3)], "image"),
    "discover": near(query=m.DiscoverQuery(discover=m.DiscoverInput(target=uid(9), context=PAIRS))),
    "discover with one pair": near(query=m.DiscoverQuery(discover=m.DiscoverInput(target=TEXT, context=PAIRS[0]))),
    "context": near(query=m.ContextQuery(context=PAIRS), limit=60),
    "relevance feedback": near(
        query=m.RelevanceFeedbackQuery(
            relevance_feedback=m.RelevanceFeedbackInput(
                target=TEXT,
                feedback=[m.FeedbackItem(example=uid(2), score=0.9), m.FeedbackItem(example=uid(4), score=0.1)],
                strategy=m.NaiveFeedbackStrategy(naive=m.NaiveFeedbackStrategyParams(a=0.12, b=0.43, c=0.16)),
            )
        )
    ),
    "MMR": near(query=m.NearestQuery(nearest=TEXT, mmr=m.Mmr(diversity=0.3, candidates_limit=30))),
    "MMR, only diverse": near(query=m.NearestQuery(nearest=TEXT, mmr=m.Mmr(diversity=1.0, candidates_limit=20))),
    "MMR, not diverse": near(query=m.NearestQuery(nearest=TEXT, mmr=m.Mmr(diversity=0.0, candidates_limit=20))),
    "MMR by default": near(query=m.NearestQuery(nearest=TEXT, mmr=m.Mmr())),
    "MMR by id, with filter": near(
        query=m.NearestQuery(nearest=uid(5), mmr=m.Mmr(diversity=0.6, candidates_limit=25)), filter=must(IMAGES)
    ),
    "MMR by dot product": near(
        query=m.NearestQuery(nearest=IMAGE, mmr=m.Mmr(diversity=0.4, candidates_limit=25)), using="image"
    ),
    "RRF": near(prefetch=[BY_TEXT, BY_IMAGE], query=m.FusionQuery(fusion=m.Fusion.RRF), using=None),
    "RRF of four": near(
        prefetch=[BY_TEXT, BY_IMAGE, BY_WORDS, BY_LATE], query=m.FusionQuery(fusion=m.Fusion.RRF), using=None, limit=40
    ),
    "RRF with k": near(prefetch=[BY_TEXT, BY_IMAGE], query=m.RrfQuery(rrf=m.Rrf(k=60)), using=None),
    "RRF with weights": near(
        prefetch=[BY_TEXT, BY_IMAGE], query=m.RrfQuery(rrf=m.Rrf(k=5, weights=[3.0, 1.0])), using=None
    ),
    "RRF with offset and threshold": near(
        prefetch=[BY_TEXT, BY_IMAGE],
        query=m.RrfQuery(rrf=m.Rrf(weights=[1.0, 0.7])),
        using=None,
        offset=2,
        score_threshold=0.1,
    ),
    "RRF with a filter above": near(
        prefetch=[BY_TEXT, BY_IMAGE], query=m.FusionQuery(fusion=m.Fusion.RRF), using=None, filter=must(IMAGES)
    ),
    "RRF with filters below": near(
        prefetch=[stage(filter=must(IMAGES)), stage(query=IMAGE, using="image", score_threshold=0.2)],
        query=m.FusionQuery(fusion=m.Fusion.RRF),
        using=None,
    ),
    "DBSF": near(prefetch=[BY_TEXT, BY_IMAGE], query=m.FusionQuery(fusion=m.Fusion.DBSF), using=None),
    "DBSF of three": near(
        prefetch=[BY_TEXT, BY_IMAGE, BY_LATE], query=m.FusionQuery(fusion=m.Fusion.DBSF), using=None, limit=40
    ),
    "rescored": near(prefetch=stage(query=IMAGE, using="image")),
    "rescored with filter and offset": near(prefetch=[BY_IMAGE], filter=must(IMAGES), offset=1),
    "rescored by late interaction": near(prefetch=BY_TEXT, query=LATE, using="late"),
    "rescored by an id": near(prefetch=BY_IMAGE, query=uid(8)),
    "fusion rescored": near(
        prefetch=m.Prefetch(prefetch=[BY_IMAGE, BY_LATE], query=m.RrfQuery(rrf=m.Rrf(weights=[1.0, 0.7])), limit=15)
    ),
    "fusion of fusions": near(
        prefetch=[
            m.Prefetch(prefetch=[BY_IMAGE, BY_LATE], query=m.RrfQuery(rrf=m.Rrf(k=3, weights=[1.0, 0.83])), limit=15),
            m.Prefetch(prefetch=[BY_TEXT, BY_LATE], query=m.FusionQuery(fusion=m.Fusion.DBSF), limit=15),
        ],
        query=m.RrfQuery(rrf=m.Rrf(k=10)),
        using=None,
    ),
    "three stages": near(
        prefetch=m.Prefetch(prefetch=stage(query=IMAGE, using="image", limit=40), query=OTHER, using="text", limit=20),
        query=LATE,
        using="late",
    ),
    "recommendation below a fusion": near(
        prefetch=[
            stage(query=m.RecommendQuery(recommend=m.RecommendInput(positive=[uid(1), OTHER], strategy=BEST))),
            BY_IMAGE,
        ],
        query=m.FusionQuery(fusion=m.Fusion.RRF),
        using=None,
        filter=m.Filter(must_not=[m.HasIdCondition(has_id=[uid(1)])]),
    ),
    "ordered below a fusion": near(
        prefetch=[BY_TEXT, stage(query=m.OrderByQuery(order_by="size"), using=None, limit=10)],
        query=m.FusionQuery(fusion=m.Fusion.RRF),
        using=None,
    ),
    "formula: score": formula("$score"),
    "formula: constant": formula(m.SumExpression(sum=["$score", 2.5])),
    "formula: field": formula(m.MultExpression(mult=["$score", "score"])),
    "formula: missing field with default": formula(m.SumExpression(sum=["$score", "nowhere"]), nowhere=3.0),
    "formula: condition": formula(m.SumExpression(sum=["$score", m.MultExpression(mult=[0.5, IMAGES])])),
    "formula: arithmetic": formula(
        m.DivExpression(
            div=m.DivParams(
                left=m.NegExpression(neg="score"), right=m.SumExpression(sum=[1.0, "size"]), by_zero_default=0
            )
        )
    ),
    "formula: powers and roots": formula(
        m.SumExpression(
            sum=[
                m.SqrtExpression(sqrt="score"),
                m.PowExpression(pow=m.PowParams(base="score", exponent=1.5)),
                m.ExpExpression(exp="$score"),
                m.LnExpression(ln="size"),
                m.Log10Expression(log10="size"),
                m.AbsExpression(abs=m.NegExpression(neg="$score")),
            ]
        )
    ),
    "formula: greatest and least": formula(
        m.SumExpression(sum=[m.MaxExpression(max=["$score", 0.3]), m.MinExpression(min=["score", 2.0])])
    ),
    "formula: distance": formula(
        m.SumExpression(
            sum=["$score", m.GeoDistance(geo_distance=m.GeoDistanceParams(origin=m.GeoPoint(lon=1, lat=2), to="place"))]
        )
    ),
    "formula: decay by date": formula(
        m.ExpDecayExpression(
            exp_decay=m.DecayParamsExpression(
                x=m.DatetimeKeyExpression(datetime_key="modified"),
                target=m.DatetimeExpression(datetime="2026-06-01T00:00:00Z"),
                scale=86400 * 30,
                midpoint=0.5,
            )
        )
    ),
    "formula: linear decay": formula(
        m.LinDecayExpression(lin_decay=m.DecayParamsExpression(x="score", target=3.0, scale=4.0))
    ),
    "formula: gauss decay": formula(
        m.GaussDecayExpression(gauss_decay=m.DecayParamsExpression(x="score", target=3.0, scale=4.0, midpoint=0.2))
    ),
    "formula over two stages": near(
        prefetch=[BY_TEXT, BY_IMAGE],
        query=m.FormulaQuery(
            formula=m.SumExpression(sum=["$score[0]", m.MultExpression(mult=[0.5, "$score[1]"])]),
            defaults={"$score[0]": -1.0, "$score[1]": -1.0},
        ),
        using=None,
        limit=30,
    ),
    "formula with threshold and offset": near(
        prefetch=BY_TEXT, query=m.FormulaQuery(formula="$score"), using=None, score_threshold=0.1, offset=1, limit=5
    ),
}


WIDE = [stage(limit=COUNT), stage(query=IMAGE, using="image", limit=COUNT)]
GROUPS: dict[str, m.QueryGroupsRequest] = {
    "by keyword": m.QueryGroupsRequest(query=TEXT, using="text", group_by="modality", limit=2, group_size=4),
    "by item": m.QueryGroupsRequest(
        query=TEXT, using="text", group_by="item", limit=5, group_size=2, with_payload=True
    ),
    "by integer": m.QueryGroupsRequest(query=TEXT, using="text", group_by="segment", limit=10, group_size=100),
    "by a field of several values": m.QueryGroupsRequest(query=TEXT, using="text", group_by="info.tags", group_size=5),
    "by fields of objects": m.QueryGroupsRequest(
        query=TEXT, using="text", group_by="people[].name", with_payload=["path"]
    ),
    "by a field that many lack": m.QueryGroupsRequest(query=TEXT, using="text", group_by="note"),
    "by a field of another type": m.QueryGroupsRequest(query=TEXT, using="text", group_by="flag"),
    "by nothing": m.QueryGroupsRequest(query=TEXT, using="text", group_by="nowhere"),
    "with filter and threshold": m.QueryGroupsRequest(
        query=TEXT, using="text", group_by="item", filter=must(IMAGES), score_threshold=0.0, with_vector=["image"]
    ),
    "by example": m.QueryGroupsRequest(query=uid(5), using="text", group_by="item", limit=3),
    "fused": m.QueryGroupsRequest(
        prefetch=WIDE, query=m.RrfQuery(rrf=m.Rrf(k=3, weights=[1.0, 0.83])), group_by="item", limit=6, group_size=2
    ),
    "one by one": m.QueryGroupsRequest(query=TEXT, using="text", group_by="item", limit=1, group_size=1),
    "defaults": m.QueryGroupsRequest(query=TEXT, using="text", group_by="item"),
}


ELSEWHERE = m.LookupLocation(collection="other")
UNSUPPORTED: dict[str, tuple[m.QueryRequest, str]] = {
    # qdrant-edge-py 0.9.0: MatchValue(True) becomes the integer 1, and matches no boolean.
    "match of a boolean": (near(filter=must(field("flag", match=m.MatchValue(value=True)))), "true or false"),
    # qdrant-edge-py 0.9.0 has no SliceCondition.
    "slice": (near(filter=must(m.SliceCondition(slice=m.Slice(total=2, index=0)))), "SliceCondition"),
    "slice in a formula": (
        formula(m.SumExpression(sum=["$score", m.SliceCondition(slice=m.Slice(total=2, index=0))])),
        "SliceCondition",
    ),
    "lookup elsewhere": (near(query=uid(1), lookup_from=ELSEWHERE), "lookup_from"),
    "lookup elsewhere below": (near(prefetch=stage(query=uid(1), lookup_from=ELSEWHERE)), "lookup_from"),
    "shard key": (near(shard_key="a"), "shard key"),
    "inference": (near(query=m.Document(text="a boat", model="bm25")), "Document"),
    "inference, wrapped": (near(query=m.NearestQuery(nearest=m.Document(text="a boat", model="bm25"))), "Document"),
    "text query without a field": (near(query=m.TextQuery(text="boat"), using=None), "using"),
}


WRONG: dict[str, m.QueryRequest] = {
    "vector of another dimension": near(query=[1.0, 2.0]),
    "vector of no name": near(using=None),
    "unknown vector": near(using="nowhere"),
    "unknown id": near(query=uid(999)),
    "id without that vector": near(query=uid(6), using="image"),
    "id that is none": near(query="no-uuid"),
    "fusion of nothing": near(query=m.FusionQuery(fusion=m.Fusion.RRF), using=None),
    "formula of nothing": near(query=m.FormulaQuery(formula="$score"), using=None),
    "recommendation by nothing": example(AVERAGE, [], [uid(1)], "text"),
    "recommendation by nothing at all": example(BEST, [], [], "text"),
    "dense query of a sparse vector": near(using="words"),
    "sparse query of a dense vector": near(query=WORDS),
    "not a number": near(query=[1.0, 2.0, float("nan"), 4.0]),
}

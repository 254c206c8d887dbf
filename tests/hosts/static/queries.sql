SELECT "row", "id" FROM "instances" WHERE (NOT "excluded")
SELECT count(*)::INTEGER AS "n" FROM "instances"
SELECT count(*) AS "n", count("correct") AS "judged", sum(CAST("correct" AS INTEGER)) AS "right" FROM "instances"
SELECT count(*) AS "n", sum(CAST("correct" AS INTEGER)) AS "s", avg("score") AS "a", min("id") AS "m" FROM "instances" WHERE FALSE
SELECT "label", "prediction", count(*) AS "n" FROM "instances" GROUP BY "label", "prediction"
SELECT "label", count(*) AS "n" FROM "instances" GROUP BY "label" ORDER BY "label"
SELECT "label", count(*) AS "n" FROM "instances" GROUP BY "label" ORDER BY "n" DESC, "label" ASC NULLS LAST
SELECT "label", count(*) AS "n" FROM "instances" GROUP BY "label" ORDER BY "label" DESC NULLS FIRST LIMIT 3
SELECT "label", count(*) FILTER (WHERE ("correct" = FALSE)) AS "wrong" FROM "instances" WHERE ("correct" IS NOT NULL) GROUP BY "label"
SELECT "prediction", avg("confidence") AS "a", min("confidence") AS "lo", max("confidence") AS "hi" FROM "instances" GROUP BY "prediction"
SELECT "label", min("when") AS "lo", max("when") AS "hi" FROM "instances" GROUP BY "label"
SELECT "site", avg("score") AS "a", sum("score") AS "s", median("score") AS "m", quantile_cont("score", 0.25) AS "q" FROM "instances" GROUP BY "site"
SELECT "site", stddev("score") AS "s", var_pop("score") AS "v", count(DISTINCT "label") AS "d" FROM "instances" GROUP BY "site"
SELECT "site", mode("label") AS "m" FROM "instances" WHERE (("label" IS NOT NULL) AND ("site" <> 'e')) GROUP BY "site"
SELECT (CASE WHEN ("confidence" IS NOT NULL) THEN LEAST(GREATEST(FLOOR(("confidence"::DOUBLE - 0::DOUBLE) / 0.1::DOUBLE), 0), 9) ELSE NULL END) AS "bin", count(*) AS "n" FROM "instances" GROUP BY "bin"
SELECT CASE WHEN ("when" IS NOT NULL) THEN LEAST(GREATEST(FLOOR((CAST(epoch_ms("when") AS DOUBLE) - CAST(-1000000000 AS DOUBLE)) / CAST(2e10 AS DOUBLE)), 0), 7) END AS "bin", count(*) AS "n" FROM "instances" GROUP BY "bin"
SELECT LEAST(9, FLOOR(10 * "confidence"))::INTEGER AS "bin", count(*) AS "n" FROM "instances" WHERE "confidence" IS NOT NULL GROUP BY "bin"
SELECT FLOOR(("x.fc" - -1.5) / 0.25)::INTEGER AS "bx", count(*) AS "n" FROM "instances" WHERE ("x.fc" BETWEEN -1.5 AND 1.25) GROUP BY "bx"
SELECT "row" FROM "instances" WHERE ("confidence" < 0.3)
SELECT "row" FROM "instances" WHERE ("confidence" = 0.3)
SELECT "row" FROM "instances" WHERE ("confidence" >= 0.5) AND ("confidence" <= 0.75)
SELECT "row" FROM "instances" WHERE ("confidence" BETWEEN 0.25 AND 0.5)
SELECT "row" FROM "instances" WHERE ("score" <> 2.5)
SELECT "row" FROM "instances" WHERE (("score" < 1) IS NOT TRUE)
SELECT "row" FROM "instances" WHERE (("score" < 1) OR ("label" = 'ape'))
SELECT "row" FROM "instances" WHERE NOT (("score" < 1) AND ("label" = 'ape'))
SELECT "row" FROM "instances" WHERE ("label" = 'cat ''n'' dog')
SELECT "row" FROM "instances" WHERE ("label" = 'no such label')
SELECT "row" FROM "instances" WHERE ("label" <> 'ape')
SELECT "row" FROM "instances" WHERE ("label" < 'c')
SELECT "row" FROM "instances" WHERE ("label" IN ('ape', 'zebra', 'nobody'))
SELECT "row" FROM "instances" WHERE ("label" NOT IN ('ape', 'zebra'))
SELECT "row" FROM "instances" WHERE ("age" IN (18, 21, 40))
SELECT "row" FROM "instances" WHERE ("age" NOT BETWEEN 20 AND 60)
SELECT "row" FROM "instances" WHERE ("label" = "prediction")
SELECT "row" FROM "instances" WHERE ("label" <> "prediction")
SELECT "row" FROM "instances" WHERE ("label" IS DISTINCT FROM "prediction")
SELECT "row" FROM "instances" WHERE ("label" IS NOT DISTINCT FROM "prediction")
SELECT "row" FROM "instances" WHERE ("row" IN (SELECT "row" FROM "subset_1"))
SELECT "row" FROM "instances" WHERE ("row" NOT IN (SELECT "row" FROM "subset_1"))
SELECT "row" FROM "instances" WHERE ("row" IN (SELECT "row" FROM "pick_1")) AND ("row" IN (SELECT "row" FROM "subset_1"))
SELECT "row" FROM "instances" WHERE ("row" IN (SELECT "row" FROM "pick_empty"))
SELECT "row" FROM "instances" WHERE ("row" IN ((SELECT "row" FROM "instances" ORDER BY "score" DESC NULLS LAST, "row" LIMIT 7 OFFSET 2)))
SELECT "row" FROM "instances" WHERE ("confidence" > (SELECT "confidence" AS "there" FROM "instances" WHERE ("row" = 7)))
SELECT "row" FROM "instances" WHERE ("label" > (SELECT "label" AS "there" FROM "instances" WHERE ("row" = 3)))
SELECT "row" FROM "instances" WHERE ("confidence" > (SELECT "confidence" AS "there" FROM "instances" WHERE ("row" = 999)))
SELECT "row" FROM "instances" WHERE ("correct" = TRUE)
SELECT "row" FROM "instances" WHERE "correct"
SELECT "row" FROM "instances" WHERE ("correct" IS NULL)
SELECT "row" FROM "instances" WHERE ("note" IS NULL) AND ("note" IS NULL)
SELECT "row" FROM "instances" WHERE contains(lower(CAST("note" AS VARCHAR)), lower('ÉTÉ'))
SELECT "row" FROM "instances" WHERE contains(lower(CAST("score" AS VARCHAR)), lower('1.'))
SELECT "row" FROM "instances" WHERE prefix(lower(CAST("label" AS VARCHAR)), lower('üB'))
SELECT "row" FROM "instances" WHERE starts_with(lower(CAST("when" AS VARCHAR)), lower('1969'))
SELECT "row" FROM "instances" WHERE list_contains("tags", 'odd')
SELECT count(*) FILTER (WHERE list_contains("tags", 'odd')) AS "0", count(*) FILTER (WHERE list_contains("tags", 'a b')) AS "1" FROM "instances"
SELECT "row" FROM "instances" WHERE ("when" < '2025-03-01')
SELECT "row" FROM "instances" WHERE ("when" BETWEEN TIMESTAMP '1969-12-31 00:00:00' AND TIMESTAMP '2025-02-10 12:00:00.5')
SELECT "row" FROM "instances" WHERE ("when" = '2025-01-02 00:00:00.25')
SELECT "row" FROM "instances" WHERE ("large" > 9007199254740992)
SELECT "row" FROM "instances" WHERE ("large" = 9007199254740993)
SELECT "row", CAST("large" AS VARCHAR) AS "large" FROM "instances" ORDER BY "large" DESC NULLS LAST, "row" LIMIT 9
SELECT "row", CAST("when" AS VARCHAR) AS "when", CAST("score" AS VARCHAR) AS "score", CAST("confidence" AS VARCHAR) AS "c", CAST("checked" AS VARCHAR) AS "k" FROM "instances"
SELECT "row", CAST("tags" AS VARCHAR) AS "tags", "note" FROM "instances" ORDER BY "note" NULLS LAST, "row"
SELECT "row", "note" FROM "instances" ORDER BY "note" DESC NULLS FIRST, "row"
SELECT "row", "label" FROM "instances" ORDER BY "label" NULLS LAST, "row" LIMIT 20 OFFSET 5
SELECT "row", "when", "tags" FROM "instances" ORDER BY "when" DESC, "row" ASC
SELECT "row", "confidence" FROM "instances" ORDER BY "confidence" ASC NULLS LAST, "row" ASC LIMIT 10
SELECT "row", "confidence" FROM "instances" ORDER BY "confidence" DESC NULLS FIRST, "row" DESC LIMIT 10 OFFSET 55
SELECT "row" FROM "instances" LIMIT 5 OFFSET 58
SELECT "row" FROM "instances" LIMIT 0
SELECT "row" FROM "instances" LIMIT 5 OFFSET 500
SELECT "row", "label", "correct", FALSE AS "~picked" FROM "instances" WHERE ("correct" IS NOT NULL) QUALIFY (row_number() OVER (PARTITION BY "label", "correct" ORDER BY "confidence" DESC NULLS LAST, "row" ASC) <= 2) ORDER BY "confidence" DESC NULLS LAST, "row" ASC
SELECT * FROM (SELECT "row", "label", row_number() OVER (PARTITION BY "label" ORDER BY CASE WHEN ("age" >= 30) THEN "confidence" ELSE "score" END DESC, "row" ASC) AS "first", row_number() OVER (PARTITION BY "label" ORDER BY "row" DESC) AS "last" FROM "instances" WHERE ("label" IS NOT NULL)) AS "ranked" WHERE (("first" <= 2) OR ("last" <= 1)) ORDER BY "label" ASC, "first" ASC
SELECT "age" + 1 AS "a", "age" / 2 AS "b", "age" % 7 AS "c", "age" * 0.5 AS "d", - "age" AS "e" FROM "instances"
SELECT "confidence" * 10 AS "a", "confidence" - 0.1 AS "b", ("confidence" - 0.1) / 0.2 AS "c", FLOOR("confidence" * 10) AS "d" FROM "instances"
SELECT sum("age") / count(*) AS "mean", max("age") - min("age") AS "range" FROM "instances"
SELECT "label" AS "key", count(*) AS "n" FROM "instances" GROUP BY "key" HAVING (count(*) > 8)
SELECT DISTINCT "site" FROM "instances"
SELECT CAST(FLOOR("row" / 16) AS INTEGER) AS "block", count(*) AS "n" FROM "instances" GROUP BY "block"
SELECT ("row" IN (SELECT "row" FROM "subset_1")) AND ("label" = 'ape') AS "~picked", "row" FROM "instances"
SELECT coalesce("note", 'nothing') AS "note", greatest("score", 1.5) AS "g", least("age", 30) AS "l" FROM "instances"
SELECT "v" FROM "odd" WHERE ("v" > 1)
SELECT "v" FROM "odd" ORDER BY "v" DESC NULLS LAST
SELECT "v", count(*) AS "n" FROM "odd" GROUP BY "v"
SELECT max("v") AS "m", min("v") AS "l", count("v") AS "n" FROM "odd"
SELECT "v" FROM "odd" WHERE ("v" = "v")

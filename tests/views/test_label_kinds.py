"""Are planted wrong labels found among texts and rows of a table as well?"""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.preprocessing import StandardScaler

from underglass.case import Case
from underglass.datasets import judged
from underglass.views import copies
from underglass.views.label_items import items

WORDS = {
    "offer": "free winner money prize click cash limited claim bonus credit",
    "work": "meeting agenda report budget review deadline project minutes schedule draft",
    "code": "patch compile kernel error branch commit function pointer build test",
}


@pytest.fixture(scope="module")
def letters():
    """300 short texts of three kinds, 15 with another label, 2 copies with another label."""
    random = np.random.default_rng(5)
    names = list(WORDS)
    truth = random.integers(0, 3, 300)
    common = ["the", "a", "please", "we", "you", "this", "and", "for", "today", "about"]
    texts = [" ".join([*random.choice(WORDS[names[code]].split(), 9), *random.choice(common, 8)]) for code in truth]
    given = truth.copy()
    wrong = random.choice(300, 15, replace=False)
    given[wrong] = (truth[wrong] + 1) % 3
    rows = np.setdiff1d(np.arange(300), wrong)[:2]
    texts += [texts[row] for row in rows]
    truth, given = np.concatenate([truth, truth[rows]]), np.concatenate([given, (given[rows] + 1) % 3])
    table = TfidfVectorizer().fit_transform(texts)
    chances = cross_val_predict(LogisticRegression(C=10), table, given, method="predict_proba", cv=5)
    features = TruncatedSVD(10, random_state=0).fit_transform(table)
    return texts, truth, given, chances, features, [(int(row), 300 + i) for i, row in enumerate(rows)]


def test_among_texts(letters, tmp_path):
    texts, truth, given, chances, features, pairs = letters
    made = judged(chances, given, classes=list(WORDS), texts=texts, features=features)
    with Case.create_judged(tmp_path / "letters.case", made) as case:
        found = case.label_issues()
        chosen = np.isin(np.arange(302), found.suspects)

        assert chosen[given != truth].mean() >= 0.9
        assert chosen[given == truth].mean() <= 0.01
        contradictory = {tuple(sorted(one["row"] for one in group["members"])) for group in copies.groups(case, "contradictory")}
        assert set(pairs) <= contradictory
        first = int(found.suspects[0])
        assert case.instance(first)["text"] == texts[first]


def test_among_rows_of_a_table(tmp_path):
    values, truth = load_wine(return_X_y=True)
    random = np.random.default_rng(2)
    wrong = random.choice(len(truth), 10, replace=False)
    given = truth.copy()
    given[wrong] = (truth[wrong] + 1) % 3
    scaled = StandardScaler().fit_transform(values)
    chances = cross_val_predict(LogisticRegression(), scaled, given, method="predict_proba", cv=5)
    with Case.create_judged(
        tmp_path / "wine.case", judged(chances, given, features=scaled, metadata={"alcohol": values[:, 0]})
    ) as case:
        found = case.label_issues()

        chosen = np.isin(np.arange(len(truth)), found.suspects)
        assert chosen[given != truth].mean() >= 0.9
        assert chosen[given == truth].mean() <= 0.02
        assert items(case)["total"] == chosen.sum()
        assert case.count("alcohol > 14 and label = '0'") > 0


def test_with_probabilities_alone(letters, tmp_path):
    _, truth, given, chances, _, _ = letters
    with Case.create_judged(tmp_path / "alone.case", judged(chances, given, classes=list(WORDS))) as case:
        found = case.label_issues()
        assert found.settings.layer == "-"
        assert copies.summary(case)["state"] in ("impossible", "found")
        chosen = np.isin(np.arange(302), found.suspects)
        assert chosen[given != truth].mean() >= 0.9

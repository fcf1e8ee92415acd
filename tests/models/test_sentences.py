"""MiniLM without torch is MiniLM, and a cold query pays for nothing else."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from playhead.errors import WeightsError
from playhead.models import language, multilingual, weights
from playhead.models.language import is_english
from playhead.models.registry import Models
from playhead.models.sentences import MiniLM

TRANSLATIONS = Path(__file__).parents[2] / "benchmarks" / "translations.tsv"

VARIED = [
    "A dog runs along the beach.",
    "a man in a red shirt rides a bicycle past a church",
    "Where did she put the keys?",
    "PRICE: $4.99 (was $7.50)!!!",
    "x",
    "the the the the",
    "Quarterly revenue grew 12% year over year, driven by cloud services.",
    "import numpy as np; print(np.zeros(3))",
    "Zürich – naïve café, façade",
    "犬が走っている",
    "Ein Hund läuft am Strand entlang.",
    "😀 emoji are unknown 😀",
    "antidisestablishmentarianism",
    "She said: “I never said that.”",
    "one two three four five six seven eight nine ten " * 40,
    "a\nb\tc   d",
    "HELLO WORLD",
    "two children play football in the park while it rains",
    "An explosion; then silence.",
    "http://example.com/path?query=1",
]


def test_it_equals_sentence_transformers():
    folder = weights.locate("minilm.weights").parent
    original = Models({"sentences": f"sentence-transformers:{folder}"}).sentences
    expected = original.encode(VARIED)
    assert np.abs(MiniLM().encode(VARIED) - expected).max() < 1e-5
    alone = np.concatenate([MiniLM().encode([text]) for text in VARIED])
    assert np.abs(alone - expected).max() < 1e-5


def test_a_text_that_is_asked_for_again_is_nobody_elses_array():
    first = MiniLM().encode(["a dog in the rain"])
    kept = first.copy()
    first[:] = 0
    assert (MiniLM().encode(["a dog in the rain"]) == kept).all()


def test_a_cold_query_imports_no_deep_learning(run_python):
    MiniLM().encode(["the graph of its layers is written once"])
    loaded = run_python(
        "import sys; from playhead.models.registry import Models; Models().sentences.encode(['a dog runs']);"
        "heavy = ('torch', 'transformers', 'sentence_transformers', 'onnx', 'sentencepiece', 'py3langid');"
        "print([name for name in heavy if name in sys.modules])"
    )
    assert loaded == "[]"


def test_likeness_is_likeness_in_meaning(models):
    query, near, far = models.sentences.encode(["a puppy by the sea", "a dog on the beach", "tax law of Belgium"])
    assert query @ near > 0.5 > query @ far


FOREIGN = """un perro corre por la playa|una mujer está cocinando en la cocina|el hombre habla de su trabajo
dos niños juegan al fútbol en el parque|¿dónde están las llaves?|ein Hund läuft am Strand
eine Frau kocht in der Küche|der Mann spricht über seine Arbeit|zwei Kinder spielen Fußball im Park
ein rotes Auto fährt an dem Haus vorbei|un chien court sur la plage|une femme fait la cuisine
deux enfants jouent au football dans le parc|une voiture rouge passe devant la maison|où sont les clés ?
il cane corre sulla spiaggia|um cão corre na praia com o dono|de hond loopt op het strand
собака бежит по пляжу|женщина готовит на кухне|красная машина|犬が浜辺を走っている|赤い車|男の人が話している
一只狗在海滩上奔跑|一辆红色的汽车|개가 해변을 달린다|كلب يجري على الشاطئ|ο σκύλος τρέχει"""

READABLE = """a dog runs on the beach|Los Angeles|Rio de la Plata|Beyoncé|Schwarzenegger|Ludwig van Beethoven
a café in São Paulo|Le Mans|La La Land|Cirque du Soleil|Charles de Gaulle airport|Museo del Prado|defenestration
kubectl|El Niño|Vincent van Gogh painting|déjà vu|Don Quijote de la Mancha|crème brûlée|Die Hard|Dr. Müller talks
Leonardo da Vinci|Fußball|Nguyễn Văn|a sign with 犬|no smoking|e|42|?|le monde|who said "c'est la vie" to me"""


@pytest.mark.parametrize("text", FOREIGN.replace("\n", "|").split("|"))
def test_other_languages_are_called_unreadable_by_a_model_of_english(text):
    assert "reads English" in MiniLM().unreadable(text)


@pytest.mark.parametrize("text", READABLE.replace("\n", "|").split("|"))
def test_english_names_and_odd_words_are_not(text):
    assert MiniLM().unreadable(text) == ""


# Fifteen languages


@pytest.fixture(scope="module")
def translated() -> list[list[str]]:
    """Rows of texts in English, Japanese, Russian, Spanish, German, French and Chinese."""
    lines = TRANSLATIONS.read_text(encoding="utf-8").splitlines()
    return [line.split("\t")[1:] for line in lines if not line.startswith("#")][1:]


def first_of_all(queries, items):
    return float(((queries @ items.T).argmax(axis=1) == np.arange(len(items))).mean())


@pytest.mark.parametrize(("name", "least"), [("multilingual", 0.8), ("use", 0.9)])
def test_translations_find_each_other_in_both_directions(name, least, translated):
    encoder = Models({"sentences": name}).sentences
    english, *others = (encoder.encode(column) for column in zip(*translated, strict=True))
    for other in others:
        assert first_of_all(other, english) >= least
        assert first_of_all(english, other) >= least


def test_english_is_what_it_is_to_minilm(models, translated):
    texts = [row[0] for row in translated]
    assert np.allclose(models.sentences.encode(texts), MiniLM().encode(texts), atol=1e-6)


def test_other_languages_are_told_from_english(translated):
    knows = MiniLM().knows
    english, *others = zip(*translated, strict=True)
    assert all(is_english(text, knows) for text in english)
    for other in others:
        assert sum(is_english(text, knows) for text in other) <= 0.1 * len(other)


@pytest.mark.parametrize(
    "text",
    "a red van|what do they do|a den|selfie stick|sunflowers|Biden and Trump|plus size model|"
    "a snowboarder|hay bales|GATE B12|do not enter|kitesurfing at dusk".split("|"),
)
def test_short_english_stays_english(text):
    assert is_english(text, MiniLM().knows)


def test_languages_are_told_by_several_threads_that_begin_at_once():
    texts = [
        f"{words} {n}" for n in range(20) for words in ("un perro marrón corre", "zwei Hunde spielen", "blurb qux")
    ]
    alone = [language._against_english(text) for text in texts]
    for _ in range(5):
        language._identifier.cache_clear()
        language._against_english.cache_clear()
        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(language._against_english, texts)) == alone


def test_english_that_is_taken_for_another_language_is_read_all_the_same(models):
    texts, near = ["cappuccino", "paragliding"], ["a cup of coffee", "flying with a parachute", "a brick wall"]
    assert not any(is_english(text, MiniLM().knows) for text in texts)
    likeness = models.sentences.encode(texts) @ models.sentences.encode(near).T
    assert likeness.argmax(axis=1).tolist() == [0, 1]


def test_a_language_that_neither_model_knows_is_said(models):
    for text in ("ο σκύλος τρέχει στην παραλία", "कुत्ता समुद्र तट पर दौड़ता है"):
        assert "not trained on" in models.sentences.unreadable(text)
        assert models.picture.unreadable(text) == models.sentences.unreadable(text)
    for text in ("собака бежит по пляжу", "犬が浜辺を走っている", "a dog", "un perro"):
        assert models.sentences.unreadable(text) == ""


def test_an_altered_bridge_is_refused(tmp_path, monkeypatch):
    altered = tmp_path / "bridge.safetensors"
    altered.write_bytes(multilingual.BRIDGE_FILE.read_bytes()[:-2] + b"xx")
    monkeypatch.setattr(multilingual, "BRIDGE_FILE", altered)
    with pytest.raises(WeightsError, match="not the pinned"):
        multilingual.Multilingual().encode(["собака"])

"""MiniLM in numpy is MiniLM, and a cold query pays for nothing else."""

import math

import numpy as np
import pytest

from playhead.models import weights
from playhead.models.bert import erf
from playhead.models.registry import Models

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


def test_it_equals_sentence_transformers(models):
    folder = weights.locate("minilm.weights").parent
    original = Models({"sentences": f"sentence-transformers:{folder}"}).sentences
    cosines = (models.sentences.encode(VARIED) * original.encode(VARIED)).sum(axis=1)
    assert cosines.min() >= 0.9999


def test_a_cold_query_imports_no_deep_learning(run_python):
    loaded = run_python(
        "import sys; from playhead.models.sentences import MiniLM; MiniLM().encode(['a dog']);"
        "print([n for n in ('torch', 'transformers', 'sentence_transformers', 'onnxruntime') if n in sys.modules])"
    )
    assert loaded == "[]"


def test_likeness_is_likeness_in_meaning(models):
    query, near, far = models.sentences.encode(["a puppy by the sea", "a dog on the beach", "tax law of Belgium"])
    assert query @ near > 0.5 > query @ far


def test_erf_is_exact_enough():
    x = np.linspace(-6, 6, 2001, dtype=np.float32)
    exact = np.array([math.erf(value) for value in x])
    assert np.abs(erf(x) - exact).max() < 5e-7


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
def test_other_languages_are_called_unreadable(models, text):
    assert "reads English" in models.sentences.unreadable(text)
    assert models.picture.unreadable(text) == models.sentences.unreadable(text)


@pytest.mark.parametrize("text", READABLE.replace("\n", "|").split("|"))
def test_english_names_and_odd_words_are_not(models, text):
    assert models.sentences.unreadable(text) == ""

"""What the tests of the Python module share."""
import os

import hypothesis
import numpy as np
import pytest

os.environ["FALTUNG_WISDOM"] = ""  # what the user tuned is not for tests

# FALTUNG_EXAMPLES asks for more than CI does; derandomized, so that CI fails for a change and not for luck
hypothesis.settings.register_profile("ci", max_examples=int(os.environ.get("FALTUNG_EXAMPLES", "300")), deadline=None,
                                     derandomize="FALTUNG_EXAMPLES" not in os.environ, print_blob=True)
hypothesis.settings.load_profile("ci")


@pytest.fixture
def random():
    return np.random.default_rng(1)

"""The fixture `python` for tests that need no more than the main ones: import
it from here, and it takes the place of conftest's."""
import pytest

import pythons


@pytest.fixture(params=pythons.params(pythons.main))
def python(request):
    return request.param

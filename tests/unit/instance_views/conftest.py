from tests.unit.pseudo import every_page_is_translated

__all__ = ["every_page_is_translated"]

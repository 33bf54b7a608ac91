"""Those metrics of OSWorld that are simple and pure, in handeye's own code: same names, same arguments, same numbers.

Source: ``desktop_env/evaluators/metrics`` of https://github.com/xlang-ai/OSWorld, version 1.0.2. Where the official function ends with an
error because of what the agent left (nothing, or what is no JSON), the number here is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from . import records, texts, values

METRICS: Mapping[str, Callable[..., float]] = {
    each.__name__: each
    for each in (
        values.exact_match,
        values.match_in_list,
        values.is_in_list,
        values.literal_match,
        values.fuzzy_match,
        values.check_include_exclude,
        values.check_direct_json_object,
        values.compare_answer,
        values.is_extension_installed,
        values.is_expected_url_pattern_match,
        values.is_in_vm_clickboard,
        values.is_utc_0,
        values.is_vlc_fullscreen,
        values.check_gnome_favorite_apps,
        values.check_moved_jpgs,
        values.check_text_enlarged,
        texts.check_line_number,
        texts.check_list,
        texts.compare_config,
        texts.compare_python_pure_text,
        texts.compare_result_files,
        texts.compare_terminal_and_txt,
        texts.compare_text_file,
        texts.diff_text_file,
        texts.file_contains,
        records.check_csv,
        records.check_json,
        records.check_json_keybindings,
        records.check_json_settings,
        records.is_included_all_json_objects,
        records.run_sqlite3,
    )
}
"""By name. Each takes the result, what was expected if there is such, and the options of the task by name."""


__all__ = ["METRICS"]

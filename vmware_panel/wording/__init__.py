"""The words of all views: every state, size, difference and failure in plain language.

Nothing here is markup: templates and `format_html` escape what comes out. A sentence about a
difference names each book ("Nova says …, vCenter says …"); unknown is "unknown", never zero.
"""

from vmware_panel.wording.changes import (
    ChangeWords,
    ReasonWords,
    caution_words,
    change_words,
    refusal_words,
)
from vmware_panel.wording.remarks import (
    SEVERITIES,
    RemarkWords,
    disagreement_count,
    remark_heading,
    remark_words,
)
from vmware_panel.wording.sizes import bytes_of, free_of, gb_of, mb_of
from vmware_panel.wording.tasks import (
    task_action,
    task_line,
    task_starter,
    task_state,
    task_tone,
)
from vmware_panel.wording.troubles import (
    TroubleWords,
    is_vcenter,
    member_trouble,
    settings_trouble,
    source_name,
    trouble_words,
)
from vmware_panel.wording.values import (
    UNKNOWN,
    Tone,
    disk_origin,
    disk_origin_sentence,
    filled,
    foreign,
    host_connection,
    host_state,
    host_tone,
    nova_power,
    service_state,
    service_tone,
    thin,
    tools,
    vcpus,
    vm_power,
    whereabouts_label,
    whereabouts_sentence,
)

__all__ = [
    "SEVERITIES",
    "UNKNOWN",
    "ChangeWords",
    "ReasonWords",
    "RemarkWords",
    "Tone",
    "TroubleWords",
    "bytes_of",
    "caution_words",
    "change_words",
    "disagreement_count",
    "disk_origin",
    "disk_origin_sentence",
    "filled",
    "foreign",
    "free_of",
    "gb_of",
    "host_connection",
    "host_state",
    "host_tone",
    "is_vcenter",
    "mb_of",
    "member_trouble",
    "nova_power",
    "refusal_words",
    "remark_heading",
    "remark_words",
    "service_state",
    "service_tone",
    "settings_trouble",
    "source_name",
    "task_action",
    "task_line",
    "task_starter",
    "task_state",
    "task_tone",
    "thin",
    "tools",
    "trouble_words",
    "vcpus",
    "vm_power",
    "whereabouts_label",
    "whereabouts_sentence",
]

"""The faults that the program survives, as the user sees it: a real simulator, real caches, pages.

| fault | the collector and the lists | one instance and direct reads |
| --- | --- | --- |
| 1 vCenter restarts in a paged read | `test_network` (fault_1), `test_restarts` | `tests/vsphere/test_inventory_read` |
| 2 session expires, as a fault | `test_sessions` (fault_2_and_3) | `tests/vsphere/test_session` |
| 3 session expires, empty or missing | `test_sessions` (fault_3) | `tests/vsphere/test_session`, `test_inventory_read` |
| 4 ManagedObjectNotFound meanwhile | `test_truncation` (fault_4) | `tests/vsphere/test_inventory_read` |
| 5 InvalidCollectorVersion | `test_sessions` (fault_5) | |
| 6 truncated lists and updates | `test_truncation` (fault_6) | `tests/vsphere/test_inventory_read` |
| 7 vCenter slow | `test_network` (fault_7), `test_crowd` | `test_network` (fault_7) |
| 8 half-open TCP | `test_network` (fault_8), `test_crowd` | `tests/vsphere/test_deadlines` |
| 9 wrong certificates | `test_certificates_and_logins` (fault_9) | `tests/vsphere/test_certificates` |
| 10 wrong password | `test_certificates_and_logins` (fault_10) | `tests/vsphere/test_session` |
| 11 OpenStack's services | `tests/cloud/test_reports` | |
| 12 cache down | `test_cache` (fault_12), `test_crowd` | |
| 13 collector killed | `test_cache` (fault_13): what pages show | |
| 14 the same change twice at once | `tests/unit/test_changing`, `tests/selenium/test_services_and_ratios` | |
| 15 the answer to a change is lost | `tests/vsphere/test_drs_changes`, `test_maintenance`, `test_migrations` | |
| 18 a GET, a POST without the token | `tests/unit/panels/test_change_pages` | |
| 19 a member's attempt | `tests/selenium/test_members_reach_nothing` | |
| 20 logs at DEBUG | `test_certificates_and_logins` (fault_20) | `tests/vsphere/test_secrets` |

`test_stopping` is about ending while vCenter hangs.
"""

/* How far a read of vCenter or Nova is: asks every second, and loads the page anew when it is through.
   Without this script the page shows how far it was when it was loaded. */
(function () {
  "use strict";

  var EVERY_MS = 1000;
  var GIVE_UP_AFTER = 10; // failures in a row

  function show(place, source) {
    place.querySelectorAll("[data-vmware-source]").forEach(function (line) {
      if (line.dataset.vmwareSource !== source.name) {
        return;
      }
      var bar = line.querySelector("progress");
      var text = line.querySelector(".vmware-progress-text");
      if (source.expected) {
        bar.max = source.expected;
        bar.value = Math.min(source.listed, source.expected);
      } else {
        bar.removeAttribute("value");
      }
      if (text.textContent !== source.text) {
        text.textContent = source.text;
      }
    });
  }

  // Whether the page lacks a line for something that is under way.
  function lacks(place, said) {
    var lines = Array.from(place.querySelectorAll("[data-vmware-source]"));
    return Boolean(said.all_shown) && said.sources.some(function (source) {
      return !lines.some(function (line) {
        return line.dataset.vmwareSource === source.name;
      });
    });
  }

  function follow(place) {
    var failures = 0;

    function again() {
      window.setTimeout(ask, EVERY_MS);
    }

    function ask() {
      window.fetch(place.dataset.vmwareProgress, {
        credentials: "same-origin",
        headers: { "X-Requested-With": "XMLHttpRequest" }
      }).then(function (answer) {
        if (!answer.ok) {
          throw new Error(answer.status);
        }
        return answer.json();
      }).then(function (said) {
        failures = 0;
        said.sources.forEach(function (source) {
          show(place, source);
        });
        if (said.under_way && !lacks(place, said)) {
          again();
        } else {
          window.location.reload();
        }
      }).catch(function () {
        failures += 1;
        if (failures < GIVE_UP_AFTER) {
          again();
        }
      });
    }

    again();
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[data-vmware-progress]").forEach(follow);
  });
}());

// One line for each of our rules that it must find. Nothing loads this file.
place.innerHTML = text; // finds: text-becomes-markup
localStorage.setItem("a", "b"); // finds: kept-in-the-browser
other.postMessage("a", "*"); // finds: message-of-another-window

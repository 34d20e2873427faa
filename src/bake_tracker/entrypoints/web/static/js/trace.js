"use strict";
// On a narrow screen the lot itself is in view, and what it came from and went to on either side.
for (const picture of document.querySelectorAll(".bake-picture")) {
  const own = picture.querySelector(".bake-own rect");
  if (own) picture.scrollLeft = own.getBBox().x + own.getBBox().width / 2 - picture.clientWidth / 2;
}

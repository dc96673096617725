<?php
header("Content-Type: text/plain");
echo "a script of its own: ", basename(__FILE__), " ", $_SERVER["SCRIPT_NAME"], " ", $_GET["q"] ?? "-", "\n";

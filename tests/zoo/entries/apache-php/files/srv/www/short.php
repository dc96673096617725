<? echo "short tags ", ini_get("default_charset"), "\n";

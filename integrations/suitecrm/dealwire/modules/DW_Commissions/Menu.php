<?php
if (!defined('sugarEntry') || !sugarEntry) {
    die('Not A Valid Entry Point');
}
global $mod_strings;
// No "create": Dealwire makes these records.
$module_menu = array(
    array('index.php?module=DW_Commissions&action=index', $mod_strings['LBL_LIST_FORM_TITLE'], 'List', 'DW_Commissions'),
);

<?php
if (!defined('sugarEntry') || !sugarEntry) {
    die('Not A Valid Entry Point');
}

/**
 * One agent's commission of one deal, as Dealwire computed it.
 */
#[\AllowDynamicProperties]
class DW_Commissions extends Basic
{
    /** Of the add-on; setup.php knows by it what is installed. */
    const ADDON_VERSION = '1.0.0';

    public $new_schema = true;
    public $module_dir = 'DW_Commissions';
    public $object_name = 'DW_Commissions';
    public $table_name = 'dw_commissions';
    public $importable = true;

    public function bean_implements($interface)
    {
        return $interface === 'ACL';
    }
}

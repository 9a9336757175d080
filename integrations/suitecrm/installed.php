<?php
// What of the add-on is installed, as SuiteCRM's files and tables say; for setup.php.

/**
 * @return string the version of the add-on; empty if there is none, or one that does not say
 */
function dealwire_installed_version()
{
    $file = 'modules/DW_Commissions/DW_Commissions.php';
    $found = array();
    preg_match("/const ADDON_VERSION = '([0-9.]+)';/", is_file($file) ? file_get_contents($file) : '', $found);
    return isset($found[1]) ? $found[1] : '';
}

/**
 * @param DBManager $db
 * @param array $installdefs of the package's manifest
 * @return array columns that the tables lack, as table.column
 */
function dealwire_lacks($db, array $installdefs)
{
    $wanted = array('dw_commissions.calculation_number');
    foreach ($installdefs['custom_fields'] as $field) {
        $wanted[] = strtolower($field['module']) . '_cstm.' . $field['name'];
    }
    $columns = array();
    foreach (array('dw_commissions', 'opportunities_cstm', 'contacts_cstm') as $table) {
        foreach ($db->tableExists($table) ? array_keys($db->get_columns($table)) : array() as $name) {
            $columns[] = "$table.$name";
        }
    }
    return array_values(array_diff($wanted, $columns));
}

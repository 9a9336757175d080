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
 * @param array $manifest of the package
 * @param array $installdefs of the package's manifest
 * @return array what is not as this package makes it, in words; the newest column of a table stands for its others
 */
function dealwire_problems($db, array $manifest, array $installdefs)
{
    $problems = array();
    if (dealwire_installed_version() !== $manifest['version']) {
        $problems[] = "modules/DW_Commissions is not of version {$manifest['version']}";
    }
    $wanted = array(
        'dw_commissions' => array('calculation_number'),
        'dw_commissions_opportunities_c' => array('dw_comm_idb'),
        'dw_commissions_contacts_c' => array('dw_comm_idb'),
    );
    foreach ($installdefs['custom_fields'] as $field) {
        $wanted[strtolower($field['module']) . '_cstm'][] = $field['name'];
    }
    foreach ($wanted as $table => $names) {
        $columns = $db->tableExists($table) ? array_keys($db->get_columns($table)) : array();
        foreach (array_diff($names, $columns) as $name) {
            $problems[] = "the column $table.$name is missing";
        }
    }
    return $problems;
}

/**
 * @param DBManager $db
 * @param array $installdefs of the package's manifest
 * @return int how many of our custom fields are required: such a field keeps an empty number as 0
 */
function dealwire_required($db, array $installdefs)
{
    $names = implode("','", array_column($installdefs['custom_fields'], 'name'));
    return (int) $db->getOne(
        "SELECT COUNT(*) FROM fields_meta_data WHERE required = 1 AND deleted = 0 AND name IN ('$names')"
    );
}

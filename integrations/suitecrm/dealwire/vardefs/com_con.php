<?php
$dictionary['DW_Commissions']['fields']['dw_commissions_contacts'] = array(
    'name' => 'dw_commissions_contacts',
    'type' => 'link',
    'relationship' => 'dw_commissions_contacts',
    'source' => 'non-db',
    'module' => 'Contacts',
    'bean_name' => 'Contact',
    'vname' => 'LBL_CONTACTS',
    'id_name' => 'dw_con_ida',
);
$dictionary['DW_Commissions']['fields']['dw_commissions_contacts_name'] = array(
    'name' => 'dw_commissions_contacts_name',
    'type' => 'relate',
    'source' => 'non-db',
    'vname' => 'LBL_CONTACTS',
    'save' => true,
    'id_name' => 'dw_con_ida',
    'link' => 'dw_commissions_contacts',
    'table' => 'contacts',
    'module' => 'Contacts',
    'rname' => 'name',
    'db_concat_fields' => array('first_name', 'last_name'),
);
$dictionary['DW_Commissions']['fields']['dw_con_ida'] = array(
    'name' => 'dw_con_ida',
    'type' => 'link',
    'relationship' => 'dw_commissions_contacts',
    'source' => 'non-db',
    'reportable' => false,
    'side' => 'right',
    'vname' => 'LBL_CONTACTS',
);

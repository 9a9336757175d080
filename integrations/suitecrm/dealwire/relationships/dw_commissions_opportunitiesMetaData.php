<?php
$dictionary['dw_commissions_opportunities'] = array(
    'true_relationship_type' => 'one-to-many',
    'relationships' => array(
        'dw_commissions_opportunities' => array(
            'lhs_module' => 'Opportunities',
            'lhs_table' => 'opportunities',
            'lhs_key' => 'id',
            'rhs_module' => 'DW_Commissions',
            'rhs_table' => 'dw_commissions',
            'rhs_key' => 'id',
            'relationship_type' => 'many-to-many',
            'join_table' => 'dw_commissions_opportunities_c',
            'join_key_lhs' => 'dw_opp_ida',
            'join_key_rhs' => 'dw_comm_idb',
        ),
    ),
    'table' => 'dw_commissions_opportunities_c',
    'fields' => array(
        array('name' => 'id', 'type' => 'varchar', 'len' => 36),
        array('name' => 'date_modified', 'type' => 'datetime'),
        array('name' => 'deleted', 'type' => 'bool', 'len' => '1', 'default' => '0', 'required' => true),
        array('name' => 'dw_opp_ida', 'type' => 'varchar', 'len' => 36),
        array('name' => 'dw_comm_idb', 'type' => 'varchar', 'len' => 36),
    ),
    'indices' => array(
        array('name' => 'dw_commissions_opportunitiesspk', 'type' => 'primary', 'fields' => array('id')),
        array('name' => 'dw_opp_ida1', 'type' => 'index', 'fields' => array('dw_opp_ida')),
        array('name' => 'dw_opp_alt', 'type' => 'alternate_key', 'fields' => array('dw_comm_idb')),
    ),
);

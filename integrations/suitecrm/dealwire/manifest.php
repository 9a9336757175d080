<?php
// Dealwire's add-on for SuiteCRM 7.x: a Commissions module linked to Opportunities and Contacts, and fields for what a
// real-estate deal, its people and their commissions hold. Installed by Admin > Module Loader, or by setup.php.
//
// No closures and no functions here: the package scanner of hosted SuiteCRM refuses them, and this file is read twice.
$manifest = array(
    'name' => 'Dealwire',
    'version' => '1.0.0',
    'type' => 'module',
    'author' => 'Dealwire',
    'description' => 'Real-estate deals, their people and commissions, kept by Dealwire',
    'is_uninstallable' => true,
    'published_date' => '2026-11-22',
    'remove_tables' => 'prompt',
    'acceptable_sugar_versions' => array('regex_matches' => array('6\\.5\\..*')),
    'acceptable_sugar_flavors' => array('CE'),
);

// Module, field, type, length, dropdown list or digits behind the point. Names end in _c as SuiteCRM stores them: without
// it a second installation would not find the fields of the first one, and uninstalling would leave their columns.
$dealwire_fields = array(
    array('Opportunities', 'dw_external_id_c', 'varchar', 255, ''),
    array('Opportunities', 'dw_deal_id_c', 'varchar', 64, ''),
    array('Opportunities', 'dw_merged_into_c', 'varchar', 64, ''),
    array('Opportunities', 'dw_reference_c', 'varchar', 255, ''),
    array('Opportunities', 'dw_title_file_c', 'varchar', 255, ''),
    array('Opportunities', 'dw_stage_c', 'enum', 100, 'dw_stage_list'),
    array('Opportunities', 'dw_deal_type_c', 'enum', 100, 'dw_deal_type_list'),
    array('Opportunities', 'dw_represented_side_c', 'enum', 100, 'dw_represented_side_list'),
    array('Opportunities', 'dw_office_c', 'varchar', 255, ''),
    array('Opportunities', 'dw_lead_source_c', 'varchar', 255, ''),
    array('Opportunities', 'dw_agents_c', 'varchar', 500, ''),
    array('Opportunities', 'dw_street_c', 'varchar', 255, ''),
    array('Opportunities', 'dw_unit_c', 'varchar', 100, ''),
    array('Opportunities', 'dw_city_c', 'varchar', 100, ''),
    array('Opportunities', 'dw_state_c', 'varchar', 100, ''),
    array('Opportunities', 'dw_zip_c', 'varchar', 20, ''),
    array('Opportunities', 'dw_county_c', 'varchar', 100, ''),
    array('Opportunities', 'dw_country_c', 'varchar', 100, ''),
    array('Opportunities', 'dw_property_type_c', 'enum', 100, 'dw_property_type_list'),
    array('Opportunities', 'dw_listing_id_c', 'varchar', 255, ''),
    array('Opportunities', 'dw_parcel_id_c', 'varchar', 255, ''),
    array('Opportunities', 'dw_list_price_c', 'decimal', 18, '2'),
    array('Opportunities', 'dw_sale_price_c', 'decimal', 18, '2'),
    array('Opportunities', 'dw_concessions_c', 'decimal', 18, '2'),
    array('Opportunities', 'dw_earnest_money_c', 'decimal', 18, '2'),
    array('Opportunities', 'dw_earnest_holder_c', 'varchar', 255, ''),
    array('Opportunities', 'dw_currency_c', 'varchar', 3, ''),
    array('Opportunities', 'dw_listing_date_c', 'date', '', ''),
    array('Opportunities', 'dw_contract_date_c', 'date', '', ''),
    array('Opportunities', 'dw_contingency_date_c', 'date', '', ''),
    array('Opportunities', 'dw_funded_date_c', 'date', '', ''),
    array('Opportunities', 'dw_commission_percent_c', 'decimal', 9, '6'),
    array('Opportunities', 'dw_commission_flat_c', 'decimal', 18, '2'),
    array('Opportunities', 'dw_commission_stated_c', 'decimal', 18, '2'),
    array('Opportunities', 'dw_buyer_comp_percent_c', 'decimal', 9, '6'),
    array('Opportunities', 'dw_buyer_comp_flat_c', 'decimal', 18, '2'),
    array('Opportunities', 'dw_buyer_comp_paid_by_c', 'enum', 100, 'dw_paid_by_list'),
    array('Opportunities', 'dw_buyer_comp_date_c', 'date', '', ''),
    array('Opportunities', 'dw_referral_direction_c', 'enum', 100, 'dw_referral_direction_list'),
    array('Opportunities', 'dw_referral_company_c', 'varchar', 255, ''),
    array('Opportunities', 'dw_referral_agent_c', 'varchar', 255, ''),
    array('Opportunities', 'dw_referral_percent_c', 'decimal', 9, '6'),
    array('Opportunities', 'dw_referral_flat_c', 'decimal', 18, '2'),
    array('Opportunities', 'dw_payload_sha_c', 'varchar', 64, ''),
    array('Contacts', 'dw_external_id_c', 'varchar', 255, ''),
    array('Contacts', 'dw_agent_key_c', 'varchar', 255, ''),
    array('Contacts', 'dw_full_name_c', 'varchar', 255, ''),
    array('Contacts', 'dw_company_c', 'varchar', 255, ''),
    array('Contacts', 'dw_licence_c', 'varchar', 100, ''),
);
$dealwire_custom_fields = array();
foreach ($dealwire_fields as $dealwire_field) {
    $dealwire_custom_fields[] = array(
        'module' => $dealwire_field[0],
        'name' => $dealwire_field[1],
        'type' => $dealwire_field[2],
        'max_size' => $dealwire_field[3],
        'label' => 'LBL_' . strtoupper(substr($dealwire_field[1], 0, -2)),
        // 0, not a word: whatever is not empty makes the field required, and an empty number of a required field 0.
        'required' => 0,
        'require_option' => 0,
        'inline_edit' => '',
        'default_value' => '',
        'ext1' => $dealwire_field[4],
        'ext2' => '',
        'ext3' => '',
        'ext4' => '',
        'audited' => 0,
        'mass_update' => 0,
        'duplicate_merge' => 0,
        'reportable' => 1,
        'importable' => 'true',
        'help' => '',
        'comments' => '',
    );
}

$installdefs = array(
    'id' => 'dealwire',
    'beans' => array(
        array(
            'module' => 'DW_Commissions',
            'class' => 'DW_Commissions',
            'path' => 'modules/DW_Commissions/DW_Commissions.php',
            'tab' => true,
        ),
    ),
    'copy' => array(array('from' => '<basepath>/modules/DW_Commissions', 'to' => 'modules/DW_Commissions')),
    'language' => array(
        array('from' => '<basepath>/language/app.en_us.lang.php', 'to_module' => 'application', 'language' => 'en_us'),
        array(
            'from' => '<basepath>/language/opportunities.en_us.lang.php',
            'to_module' => 'Opportunities',
            'language' => 'en_us',
        ),
        array('from' => '<basepath>/language/contacts.en_us.lang.php', 'to_module' => 'Contacts', 'language' => 'en_us'),
    ),
    'custom_fields' => $dealwire_custom_fields,
    'vardefs' => array(
        array('from' => '<basepath>/vardefs/opp.php', 'to_module' => 'Opportunities'),
        array('from' => '<basepath>/vardefs/con.php', 'to_module' => 'Contacts'),
        array('from' => '<basepath>/vardefs/com_opp.php', 'to_module' => 'DW_Commissions'),
        array('from' => '<basepath>/vardefs/com_con.php', 'to_module' => 'DW_Commissions'),
    ),
    'layoutdefs' => array(
        array('from' => '<basepath>/layoutdefs/opportunities_commissions.php', 'to_module' => 'Opportunities'),
        array('from' => '<basepath>/layoutdefs/contacts_commissions.php', 'to_module' => 'Contacts'),
    ),
    'relationships' => array(
        array('meta_data' => '<basepath>/relationships/dw_commissions_opportunitiesMetaData.php'),
        array('meta_data' => '<basepath>/relationships/dw_commissions_contactsMetaData.php'),
    ),
);

<?php
$app_list_strings['moduleList']['DW_Commissions'] = 'Commissions';
$app_list_strings['moduleListSingular']['DW_Commissions'] = 'Commission';

// Roles of a contact on a deal. A list of an add-on takes the place of SuiteCRM's own list of this name (unless it is
// exempt, where SuiteCRM knows that), so its own entries stand here again.
$exemptDropdowns[] = 'opportunity_relationship_type_dom';
$app_list_strings['opportunity_relationship_type_dom'][''] = '';
$app_list_strings['opportunity_relationship_type_dom']['Primary Decision Maker'] = 'Primary Decision Maker';
$app_list_strings['opportunity_relationship_type_dom']['Business Decision Maker'] = 'Business Decision Maker';
$app_list_strings['opportunity_relationship_type_dom']['Business Evaluator'] = 'Business Evaluator';
$app_list_strings['opportunity_relationship_type_dom']['Technical Decision Maker'] = 'Technical Decision Maker';
$app_list_strings['opportunity_relationship_type_dom']['Technical Evaluator'] = 'Technical Evaluator';
$app_list_strings['opportunity_relationship_type_dom']['Executive Sponsor'] = 'Executive Sponsor';
$app_list_strings['opportunity_relationship_type_dom']['Influencer'] = 'Influencer';
$app_list_strings['opportunity_relationship_type_dom']['Other'] = 'Other';
$app_list_strings['opportunity_relationship_type_dom']['Buyer'] = 'Buyer';
$app_list_strings['opportunity_relationship_type_dom']['Seller'] = 'Seller';
$app_list_strings['opportunity_relationship_type_dom']['Tenant'] = 'Tenant';
$app_list_strings['opportunity_relationship_type_dom']['Landlord'] = 'Landlord';
$app_list_strings['opportunity_relationship_type_dom']['Listing Agent'] = 'Listing Agent';
$app_list_strings['opportunity_relationship_type_dom']['Buyer Agent'] = 'Buyer Agent';
$app_list_strings['opportunity_relationship_type_dom']['Referring Agent'] = 'Referring Agent';
$app_list_strings['opportunity_relationship_type_dom']['Lender'] = 'Lender';
$app_list_strings['opportunity_relationship_type_dom']['Title'] = 'Title';
$app_list_strings['opportunity_relationship_type_dom']['Escrow'] = 'Escrow';
$app_list_strings['opportunity_relationship_type_dom']['Attorney'] = 'Attorney';
$app_list_strings['opportunity_relationship_type_dom']['Inspector'] = 'Inspector';
$app_list_strings['opportunity_relationship_type_dom']['Appraiser'] = 'Appraiser';
$app_list_strings['opportunity_relationship_type_dom']['Coordinator'] = 'Coordinator';
$app_list_strings['opportunity_relationship_type_dom']['Other Party'] = 'Other Party';

$app_list_strings['dw_stage_list'] = array(
    '' => '',
    'active' => 'Active',
    'under_contract' => 'Under contract',
    'contingency_released' => 'Contingency released',
    'closing_delayed' => 'Closing delayed',
    'closed' => 'Closed',
    'fell_through' => 'Fell through',
    'withdrawn' => 'Withdrawn',
);
$app_list_strings['dw_deal_type_list'] = array(
    '' => '',
    'sale' => 'Sale',
    'lease' => 'Lease',
    'referral' => 'Referral',
    'other' => 'Other',
);
$app_list_strings['dw_represented_side_list'] = array(
    '' => '',
    'listing' => 'Listing side',
    'buying' => 'Buying side',
    'both' => 'Both sides',
);
$app_list_strings['dw_property_type_list'] = array(
    '' => '',
    'single_family' => 'Single family',
    'condo' => 'Condo',
    'townhouse' => 'Townhouse',
    'multi_family' => 'Multi-family',
    'manufactured' => 'Manufactured',
    'land' => 'Land',
    'commercial' => 'Commercial',
    'other' => 'Other',
);
$app_list_strings['dw_paid_by_list'] = array(
    '' => '',
    'seller' => 'Seller',
    'buyer' => 'Buyer',
    'listing_broker' => 'Listing broker',
    'builder' => 'Builder',
    'split' => 'Split',
);
$app_list_strings['dw_referral_direction_list'] = array(
    '' => '',
    'incoming' => 'Incoming',
    'outgoing' => 'Outgoing',
);
